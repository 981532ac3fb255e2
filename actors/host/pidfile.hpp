#pragma once

#include "protocol/error.hpp"

#include <sys/types.h>

#include <string>
#include <utility>

namespace gantry::host {

/// Owns the daemon's pidfile; removes it when destroyed if it still holds our pid.
/// Moves, does not copy. Source: clause D5, mended.
class pidfile {
public:
  /// Owns nothing.
  pidfile() noexcept = default;

  /// Writes `pid` in decimal, without newline, to `path` (mode 0644), replacing a file that is
  /// stale: garbage, our own pid, or a pid that is not a live process in `proc` (proc(5)).
  /// The file appears whole or not at all, its directory is made if it is not there. An empty path
  /// owns nothing. Errors: `pid file found, ensure docker is not running or delete PATH`
  /// (conflict), `cannot write pid file PATH: open: Permission denied`, `cannot write pid file
  /// PATH: it is not a regular file`.
  static result<pidfile> claim(const std::string& path, pid_t pid,
                               const std::string& proc = "/proc");

  pidfile(pidfile&& other) noexcept;
  pidfile& operator=(pidfile&& other) noexcept;
  ~pidfile();

  /// Where it is; empty if nothing is owned.
  const std::string& path() const noexcept { return path_; }
  /// Removes the file now, if it still holds our pid.
  void remove() noexcept;

private:
  pidfile(std::string path, pid_t pid) noexcept : path_(std::move(path)), pid_(pid) {}

  std::string path_;
  pid_t pid_ = 0;
};

} // namespace gantry::host
