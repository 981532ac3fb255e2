#pragma once

#include "actors/runtime/history.hpp"

#include <chrono>
#include <cstdint>
#include <functional>

namespace gantry::runtime {

/// Who is told of stalls; called on the watchdog's thread.
struct stall_listeners {
  using listener = std::function<void(const stall&)>;

  /// When one is noticed and when it is over; without one they are logged as warnings.
  listener report = {};
  /// When one has lasted for `grave`, and when that one is over. May be empty.
  listener announce = {};
  std::chrono::nanoseconds grave = std::chrono::seconds{2};
};

/// Keeps the stalls of a system from their being noticed to their end, and tells of them. For one
/// thread; what it keeps may be read by any.
class stall_book {
public:
  /// One that goes on.
  struct entry {
    stall last;
    std::uint64_t place = 0; ///< among those that are kept
    bool announced = false;
  };

  stall_book(history& kept, stall_listeners tell);

  /// Notices one, now.
  entry open(stall s);
  /// It has gone on for that long.
  void go_on(entry& e, std::chrono::nanoseconds duration);
  /// It is over, after what it has lasted when it was last seen.
  void close(entry& e);

private:
  void tell(const stall& s);
  void announce(entry& e);

  history& kept_;
  const stall_listeners tell_;
};

} // namespace gantry::runtime
