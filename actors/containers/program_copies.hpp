#pragma once

#include "actors/host/unique_fd.hpp"

#include <caf/fwd.hpp>
#include <caf/timespan.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace gantry::containers {

/// Sealed copies in memory of the OCI runtimes (`host::sealed_copy_blocking`), each shared by all
/// that start with it within a few seconds: else every start and exec makes its own, which takes 2
/// of the 28 ms of an exec by runc 1.1. An actor of its own keeps a copy and lets it go when nobody
/// has asked for it for a while, so that a daemon at rest keeps none. Any thread.
class program_copies {
public:
  using copy_ptr = std::shared_ptr<const host::unique_fd>;

  /// `kept`: after that time, at most twice as long, one goes that nobody asks for.
  explicit program_copies(caf::timespan kept = std::chrono::seconds{10}) : kept_{kept} {}

  /// The copy of the file that `path` is now. Null if it cannot be had: the file itself will do.
  /// Blocks for some milliseconds, if there is none.
  copy_ptr get_blocking(caf::actor_system& sys, const std::string& path);

private:
  struct kept_copy;
  class keeper;

  const caf::timespan kept_;
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<kept_copy>> copies_; ///< by path
};

} // namespace gantry::containers
