#pragma once

#include "actors/core/interfaces.hpp"
#include "actors/host/children.hpp"
#include "protocol/error.hpp"

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace gantry::runtime {
class worker_pool;
}

namespace gantry::containers {

struct oci_runtime;

/// A program that is run without holding a thread.
struct async_command {
  /// What is run. Its deadline counts from the request on, the wait for a worker included.
  host::child_command what;
  /// Done on the worker before the program is started, which it is not if this fails; may change
  /// what is run. May be empty; must not throw.
  std::function<result<void>(host::child_command&)> prepare_blocking;
  /// The worker's label and what the actor says it does: `runc delete 4f3a...`.
  std::string label;
};

/// Called once, by an actor of the command's own: it is to send a message and not to throw.
/// Errors: those of `prepare_blocking`; `start 'PATH': ...`; unavailable, `'PATH' did not end
/// within 10s`, `'PATH' could not be started within 10s`, `LABEL: too much work is waiting; try
/// again later`, `LABEL: the daemon is ending`. An exit code is no error.
using command_done = std::function<void(result<host::child_output>)>;

/// Runs a program in an actor of its own, which answers `describe` and may be killed. The program
/// is started by a worker, watched by `io`, and gets the standard files only. At the deadline its
/// process group is killed and `done` is called at once, even if the kernel does not let go of the
/// program; it is reaped whenever that is. It does not outlive the actor. `pool` outlives the actor
/// system.
core::inspectable_actor run_command(caf::actor_system& sys, boost::asio::io_context& io,
                                    runtime::worker_pool& pool, async_command command,
                                    command_done done);

/// One call of an OCI runtime: `delete --force ID`, `kill`, `pause`, `ps`, `update`, ...
struct runtime_command {
  std::string runtime;                   ///< path of the program
  std::vector<std::string> runtime_args; ///< before the command: `--root`, `DIR`
  std::string without_mount = {};        ///< as for `child_command`
  std::vector<std::string> args;         ///< `delete`, `--force`, ID
  std::string input;                     ///< its stdin, for `update --resources -`
  std::chrono::milliseconds deadline = std::chrono::seconds{10};
  std::size_t output_limit = std::size_t{1024} * 1024;
};

/// A call of that runtime, which keeps its containers below `root`: what it is to do is missing.
runtime_command call_of(const oci_runtime& runtime, const std::filesystem::path& root);

/// Called once, as `command_done`: the runtime's stdout. Errors beside those: what the runtime says
/// (the last error in its messages), not_found if that is that there is no such container, else
/// system; `PATH: exit code 1` if it says nothing.
using runtime_done = std::function<void(result<std::string>)>;

/// Runs it with `run_command`.
core::inspectable_actor run_runtime(caf::actor_system& sys, boost::asio::io_context& io,
                                    runtime::worker_pool& pool, runtime_command command,
                                    runtime_done done);

/// What a call of a runtime that has ended amounts to; errors as for `runtime_done`.
result<std::string> runtime_answer(const std::string& runtime, host::child_output output);

} // namespace gantry::containers
