#pragma once

#include "actors/host/unique_fd.hpp"

#include <chrono>
#include <string>

namespace gantry::host {

/// While it lives, no other of our daemons holds one for the directory of the same file: it makes
/// "look, then replace" of a pidfile or socket file one step. A flock(2) on the directory itself,
/// so nothing is left behind, and it ends with the process.
class directory_lock {
public:
  /// Locks the directory that holds `file`. Waits at most `patience`; then, or if the directory
  /// cannot be locked, goes on without the lock: any user can hold one on a readable directory, and
  /// a stranger's lock must not keep the daemon from starting.
  explicit directory_lock(const std::string& file,
                          std::chrono::milliseconds patience = std::chrono::seconds{2});
  directory_lock(directory_lock&&) = delete;

  /// True if the lock was obtained.
  bool held() const noexcept { return held_; }

private:
  unique_fd directory_;
  bool held_ = false;
};

/// The directory part of a path: `/run/x` -> `/run`, `x` -> `.`, `/x` -> `/`.
std::string parent_directory(const std::string& path);

} // namespace gantry::host
