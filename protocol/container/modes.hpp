#pragma once

#include <optional>
#include <string_view>

/// What the modes of namespaces mean.
namespace gantry::container {

/// X of `container:X`, which may be empty; nothing for every other mode.
std::optional<std::string_view> container_of_mode(std::string_view mode) noexcept;

/// True if the network mode is the name or id of a network that a user made: not `default`,
/// `bridge`, `host`, `none` or `container:X`.
bool is_user_network(std::string_view mode) noexcept;

} // namespace gantry::container
