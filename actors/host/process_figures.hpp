#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace gantry::host {

/// What this process uses, and has used since it started.
struct process_figures {
  double cpu_seconds = 0;          ///< of processors, in hundredths
  std::uint64_t resident = 0;      ///< bytes of memory
  std::uint64_t address_space = 0; ///< bytes
  double started = 0;              ///< seconds since 1970
  std::size_t open_fds = 0;
  std::uint64_t most_fds = 0; ///< that it may have open (RLIMIT_NOFILE)
};

/// Reads them from proc/self and proc/stat (proc(5)); what cannot be read is 0.
process_figures read_process_figures(const std::string& root = "/");

} // namespace gantry::host
