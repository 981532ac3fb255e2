#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace gantry::http {

namespace detail {

/// A table with an entry per byte, true for those in `bytes`.
constexpr std::array<bool, 256> byte_set(std::string_view bytes) {
  std::array<bool, 256> set{};
  for (char b : bytes)
    set[static_cast<unsigned char>(b)] = true;
  return set;
}

inline constexpr auto token_bytes =
    byte_set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&'*+-.^_`|~");

} // namespace detail

/// True for a byte of a token (RFC 9110 §5.6.2).
constexpr bool is_token_byte(char c) noexcept {
  return detail::token_bytes[static_cast<unsigned char>(c)];
}

/// True for the bytes that no field value may have: control bytes other than a tab.
constexpr bool is_control_byte(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

/// Where in `text` the first control byte between `from` and `to` is; `to` if there is none.
std::size_t find_control_byte(std::string_view text, std::size_t from, std::size_t to) noexcept;

/// True for a token: at least one byte, all of them token bytes.
bool is_token(std::string_view text) noexcept;

/// `text` without spaces and tabs around it (RFC 9110 §5.6.3, OWS).
std::string_view trim(std::string_view text) noexcept;

/// The value of a hexadecimal digit, or -1.
int hex_value(char c) noexcept;

/// Takes the next non-empty element off the front of a comma-separated list, trimmed; "" at the
/// end. Quoted strings are not looked into: for lists of tokens (Connection, Upgrade, Expect).
std::string_view next_element(std::string_view& list) noexcept;

/// True if a comma-separated list has that element, in any case.
bool list_has(std::string_view list, std::string_view token) noexcept;

/// True for what may stand in a Host header or as the authority of a target without user
/// information: `name`, `name:port`, `[v6]:port`, or nothing (RFC 3986 §3.2.2, RFC 9110 §7.2).
bool is_host(std::string_view text) noexcept;

} // namespace gantry::http
