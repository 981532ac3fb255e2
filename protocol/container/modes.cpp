#include "protocol/container/modes.hpp"

namespace gantry::container {

std::optional<std::string_view> container_of_mode(std::string_view mode) noexcept {
  constexpr std::string_view prefix = "container:";
  if (!mode.starts_with(prefix))
    return std::nullopt;
  return mode.substr(prefix.size());
}

bool is_user_network(std::string_view mode) noexcept {
  return mode != "default" && mode != "bridge" && mode != "host" && mode != "none" &&
         !container_of_mode(mode);
}

} // namespace gantry::container
