#pragma once

#include "actors/runtime/scheduler.hpp"
#include "actors/runtime/stall_book.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

namespace gantry::runtime {

/// What is looked after besides the I/O threads, on the watchdog's thread. It may read proc and
/// take locks for a moment, and waits for nothing.
class patrol {
public:
  patrol() = default;
  patrol(const patrol&) = delete;
  patrol& operator=(const patrol&) = delete;
  virtual ~patrol() = default;

  /// Looks, and notes in `book` what it finds. `busy`: the I/O threads have had something to do
  /// lately, so that more of it does not disturb their rest. True if it wants to look again soon
  /// although they are at rest.
  virtual bool look(stall_book& book, bool busy) = 0;
};

/// Watches the I/O threads from a thread of its own: names actor, message type and duration when a
/// handler takes longer than the limit, once when it is noticed and once when it has ended, keeps
/// that in the registry's history, and moves the actors that wait behind it to the other threads.
/// Sleeps while the daemon is at rest. At most one for a scheduler, which must outlive it.
class watchdog {
public:
  /// `beat` goes its round every `round` while something is going on; without one there is none.
  explicit watchdog(scheduler& watched,
                    std::chrono::nanoseconds limit = std::chrono::milliseconds{100},
                    stall_listeners tell = {}, std::unique_ptr<patrol> beat = nullptr,
                    std::chrono::nanoseconds round = std::chrono::seconds{1});
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;
  ~watchdog();

private:
  struct watched_thread {
    std::uint64_t sequence = 0;
    std::optional<stall_book::entry> held; ///< the stall that was noticed
  };
  using time_point = std::chrono::steady_clock::time_point;
  void run();
  bool look(worker& w, watched_thread& state);
  void go_round(time_point now, bool busy);

  scheduler& scheduler_;
  const std::chrono::nanoseconds limit_;
  const std::chrono::nanoseconds round_;
  stall_book book_;
  const std::unique_ptr<patrol> beat_;
  time_point round_at_;
  bool beat_goes_on_ = false; ///< the patrol wants to look again
  bool stop_ = false;         // under the scheduler's watchdog_mutex
  std::thread thread_;
};

} // namespace gantry::runtime
