#pragma once

#include "actors/containers/container_paths.hpp"
#include "protocol/error.hpp"
#include "protocol/monitor/settings.hpp"

#include <optional>
#include <string>

namespace gantry::containers {

/// What a container's monitor has left behind: how its process ended, or nothing, if it has not
/// ended or its monitor was killed. Errors: of the file system.
result<std::optional<monitor::exit_record>> read_exit_record_blocking(const container_paths& paths);
/// The same of the exit file at a path.
result<std::optional<monitor::exit_record>> read_exit_record_blocking(const std::string& path);

} // namespace gantry::containers
