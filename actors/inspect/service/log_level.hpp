#pragma once

#include "actors/runtime/log.hpp"

#include <chrono>
#include <optional>

namespace gantry::inspect {

/// Changes the log level for a time. For one thread.
class timed_log_level {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Sets the level, for good if `length` is zero. A change for a time that follows another one
  /// goes back to where the first one began.
  void set(log::level level, std::chrono::nanoseconds length, time_point now);

  /// When the level goes back; never: the end of time.
  time_point deadline() const noexcept { return change_ ? change_->until : time_point::max(); }

  /// Lets it go back if it is time, unless somebody else has changed the level meanwhile (SIGHUP).
  void look(time_point now);

private:
  struct change {
    log::level before;
    log::level present;
    time_point until;
  };
  std::optional<change> change_;
};

} // namespace gantry::inspect
