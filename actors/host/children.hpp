#pragma once

#include "actors/host/unique_fd.hpp"
#include "protocol/error.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace gantry::host {

/// How a child ended.
struct child_exit {
  int code = 0;   ///< exit code; 0 if a signal ended it
  int signal = 0; ///< the signal that ended it; 0 if it exited

  /// True if it exited with 0.
  bool success() const noexcept { return code == 0 && signal == 0; }
};

/// Guards a child: one that still runs when this is destroyed is killed *and* reaped, with its
/// whole process group. Moves, does not copy. SIGCHLD must not be ignored and nobody else may wait
/// for it.
class child_process {
public:
  child_process() noexcept = default;
  /// Takes the guard of an unreaped child that leads its own process group.
  /// Error: `pidfd_open: ...`; the child is then killed and reaped at once.
  static result<child_process> guard(pid_t pid);
  child_process(child_process&& other) noexcept;
  child_process& operator=(child_process&& other) noexcept;
  ~child_process();

  /// Its pid; 0 once it is reaped.
  pid_t pid() const noexcept { return pid_; }
  /// Becomes readable when the child ends (pidfd_open(2)); -1 if there is none.
  int pidfd() const noexcept { return pidfd_.get(); }
  /// Sends a signal to the child's process group; nothing happens once it is reaped.
  void signal_group(int signal) noexcept;
  /// Waits for the end and reaps. Blocks.
  result<child_exit> reap();

private:
  void kill_and_reap() noexcept;

  pid_t pid_ = 0;
  unique_fd pidfd_;
};

/// What to run and for how long.
struct child_command {
  /// Path of the program (no search), then its arguments.
  std::vector<std::string> argv;
  /// Whole environment as `KEY=VALUE`; empty inherits ours.
  std::vector<std::string> env;
  /// Written to its stdin, which then ends; nothing is /dev/null.
  std::string input;
  std::chrono::milliseconds deadline = std::chrono::seconds{10};
  /// Bytes kept of each of stdout and stderr; the rest is read and dropped.
  std::size_t output_limit = std::size_t{64} * 1024;
};

/// What came of it.
struct child_output {
  child_exit exit;
  std::string out;
  std::string err;
  bool truncated = false; ///< some output was dropped
};

/// Runs a program to its end and captures its output. It gets the three standard files and no other
/// descriptor, default signals, and its own process group, of which nothing is left alive
/// afterwards.
/// A non-zero exit is a value; errors are: `start 'PATH': No such file or directory`,
/// `'PATH' did not end within 2s` (unavailable). Blocks, at most for the deadline.
result<child_output> run_child(const child_command& command);

} // namespace gantry::host
