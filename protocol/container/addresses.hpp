#pragma once

#include <string>

namespace gantry::container {

/// True for `10.1.2.3`.
bool is_ipv4(const std::string& text) noexcept;

/// True for `fe80::1`, not for one with a zone.
bool is_ipv6(const std::string& text) noexcept;

/// True for a hardware address as Go reads it: 6, 8 or 20 bytes in hexadecimal,
/// `02:42:ac:11:00:02`, `02-42-...` or `0242.ac11.0002`.
bool is_mac_address(const std::string& text) noexcept;

} // namespace gantry::container
