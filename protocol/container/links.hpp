#pragma once

#include "protocol/container/config.hpp"
#include "protocol/error.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::container {

/// A link taken apart.
struct container_link {
  std::string container; ///< id, name or prefix
  std::string alias;

  friend bool operator==(const container_link&, const container_link&) = default;
};

/// Reads `CONTAINER[:ALIAS]`, or `/CONTAINER:/OWNER/ALIAS` as inspect shows it. Errors
/// (invalid_parameter): `empty string specified for links`, `bad format for links: x`.
result<container_link> parse_link(std::string_view text);

/// Checks that the containers are there, which `lookup` finds by id, name or prefix. Errors: those
/// of `parse_link`; invalid_parameter `could not get container for x: No such container: x`.
result<void> check_links(const string_list& links,
                         const std::function<std::optional<std::string>(std::string_view)>& lookup);

} // namespace gantry::container
