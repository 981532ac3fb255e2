#pragma once

#include "protocol/error.hpp"
#include "protocol/monitor/log_files.hpp"
#include "protocol/monitor/messages.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What the daemon and the monitor tell each other in files and at the monitor's start. All of it
/// is text of one form, a line `KEY=VALUE` per value, in which `\n` and `\\` stand for a line break
/// and a backslash. A key that can be there several times makes a list.
namespace gantry::monitor {

/// What a monitor is to do. Paths are absolute.
struct settings {
  enum class work : std::uint8_t {
    create_container, ///< `RUNTIME create --bundle BUNDLE ID`; it waits for `start_request`
    exec_process,     ///< `RUNTIME exec -d --process PROCESS ID`; runs at once, but see `held`
  };

  work mode = work::create_container;
  std::string id;                        ///< of the container, as the runtime knows it
  std::string runtime;                   ///< path of the program
  std::vector<std::string> runtime_args; ///< before the command: `--root`, `DIR`, ...
  std::string without_mount;             ///< a mount point that the runtime must not see; or ""
  std::string bundle;                    ///< of create_container
  std::string process_file;              ///< of exec_process: `process` of the runtime spec
  /// Written by the runtime.
  std::string pid_file;
  /// Where the runtime puts its messages; there only while it works.
  std::string runtime_log;
  /// Written when the process has ended: an `exit_record`. Its directory is there.
  std::string exit_file;
  /// Path of the unix socket, of any length; goes before the monitor does.
  std::string control_socket;
  /// With `tty`: path for the socket on which the runtime hands over the terminal, of any length;
  /// there only while it works.
  std::string console_socket;
  bool tty = false;
  bool open_stdin = false; ///< else stdin is /dev/null (without tty)
  bool stdin_once = false; ///< stdin ends with its first client
  /// Of exec_process: what the process writes is not read, nor its end told, before
  /// `start_request`, so that a client that attaches before it misses nothing.
  bool held = false;
  /// With `held`: after that time nobody will ask any more, and it goes on without.
  std::chrono::milliseconds hold_limit = std::chrono::seconds{30};
  std::uint16_t rows = 0; ///< first size of the terminal; 0: the runtime's
  std::uint16_t columns = 0;
  log_files log;
  /// The JSON object that goes into each json-file record as `attrs`; empty: none.
  std::string log_attrs;
  /// How long one call of the runtime may take; then it is killed.
  std::chrono::milliseconds runtime_deadline = std::chrono::seconds{60};
  /// How long the process's outputs are read after its end, should others still hold them.
  std::chrono::milliseconds drain_limit = std::chrono::seconds{2};
  /// How long clients that take nothing get for the rest of their output.
  std::chrono::milliseconds linger_limit = std::chrono::seconds{10};
  /// `cgroup.procs` files into which the monitor puts itself first, so that what limits or ends the
  /// daemon's cgroup leaves the monitor alone.
  std::vector<std::string> join_cgroups;
  /// Where cgroups are mounted. The process's own is found there, and its memory part is watched
  /// for kills; empty: not watched.
  std::string cgroup_root = "/sys/fs/cgroup";
  /// With runc: the FIFO whose other end lets the container start (`ROOT/ID/exec.fifo`). Opening it
  /// is all that `runc start` does, without the 10 ms of starting runc. If it is not there, or this
  /// is empty, the runtime is called.
  std::string start_fifo;

  friend bool operator==(const settings&, const settings&) = default;
};

/// The text of a settings file.
std::string encode(const settings& value);
/// Reads a settings file. Unknown keys are ignored. Errors (invalid_parameter):
/// `monitor settings: KEY: WHAT`.
result<settings> decode_settings(std::string_view text);

/// What the monitor says, once, on its standard output when the runtime is done: the pid, or why
/// there is none (kind unavailable: the runtime was stuck; else the runtime's own words). The
/// program then exits with 0 or 1; the monitor itself lives on elsewhere.
std::string encode_launch_reply(const result<std::int32_t>& pid);
/// Reads it. Errors: those told, and system `the monitor said nothing` for an empty text.
result<std::int32_t> decode_launch_reply(std::string_view text);

/// What the monitor leaves behind. If it is not there, or not whole, and nobody answers on the
/// control socket, the monitor was killed or the machine went down: nobody knows the exit code, the
/// output since is lost, and a process that still runs cannot write anywhere (SIGPIPE); it has to
/// be killed.
struct exit_record {
  std::int32_t pid = 0;
  std::int64_t started_at = 0; ///< nanoseconds since 1970; 0: was not started
  exit_status status;
  std::uint64_t lost_log_bytes = 0; ///< output not logged, because the disk was full

  friend bool operator==(const exit_record&, const exit_record&) = default;
};

/// The text of an exit file; always shorter than `exit_file_size`.
std::string encode(const exit_record& value);
/// Reads an exit file. Error: invalid_parameter `exit file: WHAT`.
result<exit_record> decode_exit_record(std::string_view text);
/// Exit files are filled up with line breaks to this size: they are made when the monitor starts,
/// so that a disk that is full later cannot keep them from being written.
inline constexpr std::size_t exit_file_size = 512;

} // namespace gantry::monitor
