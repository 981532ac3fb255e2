#pragma once

#include "actors/host/unique_fd.hpp"
#include "protocol/error.hpp"

#include <memory>
#include <string>

namespace gantry::inspect {

/// A CPU profile being taken: 100 samples for each second of processor time of this process, with
/// gperftools. At most one at a time in a process. Any thread may use it, one at a time.
///
/// libprofiler is loaded when the first profile is asked for: linked, it would cost 230 KiB of
/// memory and a handler for SIGPROF in every daemon that is never looked at. Threads that are to be
/// seen must not block SIGPROF. At its end the library writes a line (`PROFILE: ...`) to stderr.
class cpu_profile {
public:
  /// Starts it. Errors, all `Could not enable CPU profiling: ...`: system `cpu profiling already in
  /// use`, and what keeps the library from being loaded. Blocks, the first time.
  static result<std::unique_ptr<cpu_profile>> start();

  /// Whether one is being taken.
  static bool is_running() noexcept;

  cpu_profile(const cpu_profile&) = delete;
  cpu_profile& operator=(const cpu_profile&) = delete;
  /// Stops it and drops what was sampled.
  ~cpu_profile();

  /// Stops it and gives the samples in the binary form of gperftools, with the memory map. Once.
  /// Errors: system. Blocks for some milliseconds.
  result<std::string> finish();

private:
  explicit cpu_profile(host::unique_fd file);
  void stop() noexcept;

  host::unique_fd file_; ///< in memory
  bool running_ = true;
};

} // namespace gantry::inspect
