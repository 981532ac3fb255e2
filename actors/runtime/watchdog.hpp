#pragma once

#include "actors/runtime/scheduler.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <thread>

namespace gantry::runtime {

/// A handler that holds an I/O thread for too long.
struct stall {
  std::size_t thread = 0;
  std::uint64_t actor = 0;
  std::string kind;
  std::string message;
  std::chrono::nanoseconds duration{0};
  bool over = false; ///< false: it still goes on; true: it has ended after `duration`
};

/// Watches the I/O threads from a thread of its own: names actor, message type and duration when a
/// handler takes longer than the limit, once when it is noticed and once when it has ended, and
/// moves the actors that wait behind it to the other threads. Sleeps while the daemon is at rest.
/// At most one for a scheduler, which must outlive it.
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
    stall last;
  };
  void run();
  bool look(worker& w, watched_thread& state);

  scheduler& scheduler_;
  const std::chrono::nanoseconds limit_;
  const reporter report_;
  bool stop_ = false; // under the scheduler's watchdog_mutex
  std::thread thread_;
};

} // namespace gantry::runtime
