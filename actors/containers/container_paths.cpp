#include "actors/containers/container_paths.hpp"

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

} // namespace gantry::containers
