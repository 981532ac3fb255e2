#pragma once

#include "actors/host/unique_fd.hpp"
#include "app/monitor/event_loop.hpp"
#include "protocol/error.hpp"

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace gantry::monitor {

/// One run of an OCI runtime, with a deadline. Does not wait for anything: who reaps children tells
/// it of the end. While it lives the runtime is killed with it, and with its process group.
class runtime_call {
public:
  /// What to run.
  struct command {
    std::vector<std::string> argv; ///< path of the program (no search), then its arguments
    int copy = -1;                 ///< a sealed copy of the program, which is run in its place
    std::string without_mount;     ///< as for `host::spawn_program`
    /// Its standard files, which the process inherits; -1: /dev/null.
    int in = -1;
    int out = -1;
    int err = -1; ///< -1: kept for errors
    /// Non-blocking read end of the pipe that `err` is: errors are looked for there.
    int err_reader = -1;
    std::string log; ///< where it was told to put its messages (`--log`, JSON); removed afterwards
    std::chrono::milliseconds deadline{};
  };
  /// Called once: how it went. Errors: system, the runtime's words or `RUNTIME: exit code N`;
  /// unavailable, `'RUNTIME' did not end within 60s`; `start 'RUNTIME': ...`.
  using handler = std::function<void(const result<void>&)>;

  /// Starts it, not inheriting anything but the standard files. `done` is never called from here.
  runtime_call(event_loop& loop, command what, handler done);
  runtime_call(runtime_call&&) = delete;
  ~runtime_call();

  /// A child was reaped (status of waitpid(2)). True if it was the runtime; `done` was then called,
  /// which may have ended this.
  bool child_ended(pid_t pid, int status);

private:
  pid_t spawn();
  void finish(const result<void>& how);
  api_error failure(int status) const;

  command what_;
  handler done_;
  host::unique_fd error_text_; // a file in memory: it takes any amount without a reader
  pid_t pid_ = 0;
  timer deadline_;
};

/// Kills and reaps all our children: what a failed or killed runtime leaves to us as its subreaper.
/// Blocks, 2 s at most. SIGCHLD is blocked.
void end_children();

} // namespace gantry::monitor
