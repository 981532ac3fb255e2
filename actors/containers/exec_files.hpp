#pragma once

#include "actors/containers/container_services.hpp"
#include "actors/containers/exec_paths.hpp"
#include "protocol/container/exec.hpp"
#include "protocol/error.hpp"
#include "protocol/monitor/settings.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// What an exec has on the disk. All of it blocks.
namespace gantry::containers {

/// An exec that is to be started. Nothing in it is null.
struct exec_input {
  exec_paths paths;
  container_paths container;
  published_ptr of; ///< the container as it is
  exec_ptr what;
  std::shared_ptr<const container_setup> setup;
  std::optional<container::terminal_size> size; ///< else that of its making
  bool attached = false;                        ///< somebody wants to see all of its output
};

/// Finds the user of an exec in its container. Errors: those of `open_root` and `find_root_user`.
result<container::process_user> find_exec_user_blocking(const container_paths& paths,
                                                        const container::host_config& host,
                                                        const std::string& user);

/// Makes the exec's directory and writes what runtime, monitor and the next daemon need. What
/// fails is undone. Errors: `unknown or invalid runtime name: X`; those of
/// `find_exec_user_blocking` and `container::build_exec_process`; of the file system.
result<monitor::settings> prepare_exec_blocking(const exec_input& input);

/// Execs of a former daemon. What cannot be understood is deleted.
std::vector<exec_ptr> find_execs_blocking(const std::filesystem::path& exec_root);

/// How an exec's process ended if its monitor does not say it: by its exit file, or with 137 if
/// there is none, because its monitor was killed. Then what is left of the process is killed, too:
/// it could not write anywhere.
monitor::exit_status end_of_exec_blocking(const exec_paths& paths, const std::string& container);

/// Deletes all that there is of it.
void remove_exec_blocking(const exec_paths& paths);

} // namespace gantry::containers
