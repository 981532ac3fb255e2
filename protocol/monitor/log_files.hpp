#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::monitor {

/// How a container's output is kept.
enum class log_driver : std::uint8_t {
  json_file, ///< Docker's `json-file`: a JSON object per line
  local,     ///< Docker's `local`: length-prefixed protobuf records, half the size
  none,      ///< not at all
};

/// The word for a driver as in `--log-driver`: `json-file`, `local`, `none`.
inline const char* to_string(log_driver driver) noexcept {
  switch (driver) {
  case log_driver::json_file:
    return "json-file";
  case log_driver::local:
    return "local";
  case log_driver::none:
    break;
  }
  return "none";
}

/// Reads such a word; nothing for another one.
inline std::optional<log_driver> parse_log_driver(std::string_view word) noexcept {
  for (auto driver : {log_driver::json_file, log_driver::local, log_driver::none})
    if (word == to_string(driver))
      return driver;
  return std::nullopt;
}

/// Where a container's log is and how large it may become.
struct log_files {
  log_driver driver = log_driver::json_file;
  /// The file that is written; older ones are PATH.1 (the youngest of them), PATH.2, ...
  std::string path;
  /// A file that has reached this many bytes is rotated before the next record; it is longer than
  /// this by less than one record. 0: never.
  std::uint64_t max_size = 20'000'000;
  /// Files kept, the one being written included; at least 1. With 1 a full file is replaced.
  std::uint32_t max_files = 5;

  friend bool operator==(const log_files&, const log_files&) = default;
};

/// A place in a log: which file, whatever its name is by now, and how far into it. It lies between
/// two records. Files that exist at the same time have different inodes.
struct log_position {
  std::uint64_t inode = 0; ///< 0: nothing has been logged
  std::uint64_t offset = 0;

  friend bool operator==(const log_position&, const log_position&) = default;
};

} // namespace gantry::monitor
