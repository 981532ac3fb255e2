#include "actors/containers/container_paths.hpp"

#include <sys/un.h>

#include <cstddef>
#include <string>

namespace gantry::containers {

std::filesystem::path container_paths::log_file(monitor::log_driver driver) const {
  switch (driver) {
  case monitor::log_driver::json_file:
    return directory_ / (id_ + "-json.log");
  case monitor::log_driver::local:
    return directory_ / "local-logs" / "container.log";
  case monitor::log_driver::none:
    break;
  }
  return {};
}

result<void> container_paths::check_sockets() const {
  constexpr std::size_t room = sizeof(sockaddr_un::sun_path);
  const auto longest = control_socket().native().size(); // that of the console is as long
  if (longest < room)
    return {};
  const auto root = exec_root_.native().size();
  const auto rest = longest - root;
  return api_error{errc::invalid_parameter, "exec root '" + exec_root_.native() +
                                                "' is too long: it has " + std::to_string(root) +
                                                " bytes, and with more than " +
                                                std::to_string(room - 1 - rest) +
                                                " there is no room for a container's sockets"};
}

} // namespace gantry::containers
