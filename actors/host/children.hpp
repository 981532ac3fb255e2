#pragma once

#include "actors/host/unique_fd.hpp"
#include "protocol/error.hpp"

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <memory>
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
///
/// One that the kernel does not let die (it waits for a disk that is gone, say) is left behind
/// after `reap_patience`: nobody may hang with it.
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

  /// How long one that was killed is waited for.
  static constexpr std::chrono::milliseconds reap_patience{1000};

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
  std::shared_ptr<const unique_fd> input_file; ///< is its stdin, if not null
  std::string without_mount;                   ///< as for `spawn_program`
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

/// `120s`, `1500ms`: a limit as errors name it.
std::string limit_text(std::chrono::milliseconds limit);

/// Starts `program` (a path, no search) with these descriptors as its standard files and no others,
/// default signals, and a process group of its own; an empty `env` is ours. The descriptors are
/// none of 0 to 2, unless each is in its own place. With `without_mount` (a mount point) it gets a
/// mount namespace of its own, in which that is not mounted; all other mounts propagate as they do
/// here. Returns the pid, or a negative errno. Blocks until the program is loaded.
pid_t spawn_program(const std::string& program, const std::vector<std::string>& argv,
                    const std::vector<std::string>& env, int in, int out, int err,
                    const std::string& without_mount = {});

/// A program that runs while its output is captured, for those who wait in their own way:
///
///     while (!*child.advance())
///       poll(child.ready_fd(), until the deadline);
///     child.finish();
///
/// Killed, with its process group, if it is destroyed before.
class running_child {
public:
  /// Starts it as `run_child` does; the same errors. Blocks until the program is loaded.
  static result<running_child> start(const child_command& command);

  /// Becomes readable (poll(2), epoll(7)) when `advance` has something to do.
  int ready_fd() const noexcept { return ready_.get(); }
  /// Takes output that is there, not without end. True once the program has ended.
  result<bool> advance();
  /// After `advance` was true: ends what is left of its process group, reaps it and takes the rest
  /// of the output.
  result<child_output> finish();
  /// Sends SIGKILL to its process group; it may take its time to end.
  void kill() noexcept { child_.signal_group(SIGKILL); }

private:
  // One of its two outputs.
  struct captured_stream {
    unique_fd fd;
    std::string text;
  };

  running_child() = default;
  void drain(int rounds);
  void drain(captured_stream& from, int rounds);

  captured_stream out_;
  captured_stream err_;
  unique_fd ready_; // an epoll(7) set of these and the child's end
  child_process child_;
  std::size_t output_limit_ = 0;
  bool truncated_ = false;
};

/// The failure of a program that is not done within its limit: unavailable, `'PATH' did not end
/// within 2s`.
api_error late_child(const std::string& path, std::chrono::milliseconds limit);

/// Runs a program to its end and captures its output. It gets the three standard files and no other
/// descriptor, default signals, and its own process group, of which nothing is left alive
/// afterwards.
/// A non-zero exit is a value; errors are: `start 'PATH': No such file or directory`,
/// `'PATH' did not end within 2s` (unavailable). Blocks, at most for the deadline.
result<child_output> run_child(const child_command& command);

} // namespace gantry::host
