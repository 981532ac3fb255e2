#pragma once

#include "actors/core/limits.hpp"
#include "actors/inspect/views.hpp"
#include "actors/runtime/watchdog.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace gantry::inspect {

/// What `daemon_patrol` finds fault with.
struct patrol_limits {
  std::chrono::nanoseconds still_thread = limits::still_thread;
  std::chrono::nanoseconds still_worker = limits::still_worker;
  std::chrono::nanoseconds late_answer = limits::late_answer;
  std::chrono::nanoseconds very_late_answer = limits::very_late_answer;
  std::uint64_t mailbox = limits::mailbox;
  std::chrono::nanoseconds old_message = limits::old_message;
};

/// Looks for what the messages of the actors do not show: I/O threads that do not come to their
/// sockets, tasks of worker pools that do not move (both with the place in the kernel that holds
/// them), mailboxes that are too full, and requests that are late (with what has them). Each is
/// noted once, and once more when it is over.
class daemon_patrol final : public runtime::patrol {
public:
  /// What it looks at outlives it.
  explicit daemon_patrol(sources from, patrol_limits bounds = {});

  bool look(runtime::stall_book& book, bool busy) override;

private:
  using clock = std::chrono::steady_clock;
  /// An I/O thread when it was last seen to do anything.
  struct seen_thread {
    std::uint64_t sequence = 0; ///< of its slot
    clock::time_point moved;
  };
  /// A worker's thread when it was last seen to move.
  struct seen_worker {
    clock::time_point started; ///< of its task
    std::uint64_t moves = 0;
    clock::time_point moved;
  };
  using stalls = std::map<std::uint64_t, runtime::stall_book::entry>;

  bool look_at_threads(runtime::stall_book& book, clock::time_point now, bool busy);
  bool look_at_workers(runtime::stall_book& book, clock::time_point now);
  bool look_at_mailboxes(runtime::stall_book& book);
  bool look_at_requests(runtime::stall_book& book);
  std::string holder_of(std::uint64_t request) const;
  static void note(runtime::stall_book& book, stalls& known, std::uint64_t key, runtime::stall s);
  /// Ends those that `goes_on(key)` does not say go on.
  template <class GoesOn>
  static void close_others(runtime::stall_book& book, stalls& known, GoesOn goes_on);

  const sources from_;
  const patrol_limits bounds_;
  std::map<std::size_t, seen_thread> threads_;
  std::map<pid_t, seen_worker> workers_;
  stalls still_threads_;  ///< by index
  stalls still_workers_;  ///< by thread
  stalls full_mailboxes_; ///< by actor
  stalls late_requests_;  ///< by request
};

} // namespace gantry::inspect
