#pragma once

#include "actors/containers/container_paths.hpp"
#include "protocol/container/config.hpp"
#include "protocol/error.hpp"
#include "protocol/monitor/log_files.hpp"

#include <string>

namespace gantry::containers {

/// Where and how a container's output is logged (HostConfig.LogConfig). Errors: those of
/// `container::parse_log_options`.
result<monitor::log_files> log_files_of(const container::log_config& log,
                                        const container_paths& paths);

/// Whose log it is.
struct logged_container {
  std::string id;
  std::string name; ///< `/web`
  std::string image_id;
  const container::container_config& config;
};

/// The `attrs` of each json-file record, a JSON object: labels and variables that the options
/// `labels`, `labels-regex`, `env` and `env-regex` name, and `tag`; empty if there are none. In a
/// tag `{{.ID}}`, `.FullID`, `.Name`, `.FullName`, `.ImageID`, `.ImageFullID`, `.ImageName` and
/// `.DaemonName` are known. Errors (invalid_parameter): `log option tag: {{.X}} is not known`, `log
/// option env-regex: ` and what is wrong.
result<std::string> log_attributes(const container::log_config& log, const logged_container& whose);

} // namespace gantry::containers
