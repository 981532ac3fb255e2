#pragma once

#include "actors/runtime/scheduler.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>

namespace gantry::runtime {

/// Watches the I/O threads from a thread of its own: names actor, message type and duration when a
/// handler takes longer than the limit, once when it is noticed and once when it has ended, keeps
/// that in the registry's history, and moves the actors that wait behind it to the other threads.
/// Sleeps while the daemon is at rest. At most one for a scheduler, which must outlive it.
class watchdog {
public:
  using reporter = std::function<void(const stall&)>;

  /// `report` runs on the watchdog's thread; without one, stalls are logged as warnings.
  explicit watchdog(scheduler& watched,
                    std::chrono::nanoseconds limit = std::chrono::milliseconds{100},
                    reporter report = {});
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;
  ~watchdog();

private:
  struct watched_thread {
    std::uint64_t sequence = 0;
    bool reported = false;
    std::uint64_t place = 0; ///< of `last` among the stalls that are kept
    stall last;
  };
  void run();
  bool look(worker& w, watched_thread& state);
  void tell(const stall& s);

  scheduler& scheduler_;
  const std::chrono::nanoseconds limit_;
  const reporter report_;
  bool stop_ = false; // under the scheduler's watchdog_mutex
  std::thread thread_;
};

} // namespace gantry::runtime
