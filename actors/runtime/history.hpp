#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

namespace gantry::runtime {

/// Small number of an actor kind (`connection`, `router`, ...); see `intern_kind`.
using kind_id = std::uint16_t;

using wall_clock = std::chrono::system_clock;

/// What was kept of a row of things, from some place on.
template <class T>
struct kept_part {
  std::vector<T> items;
  std::uint64_t lost = 0; ///< that were wanted and are not kept any more
  std::uint64_t next = 0; ///< the place behind the last one
};

/// The last things that happened, each at its place in the row of all that ever did. Any thread;
/// takes its lock for a moment. Without anything in it, it has no memory.
template <class T>
class recent {
public:
  explicit recent(std::size_t most) : most_(most) {}

  /// Puts one behind the others; answers its place.
  std::uint64_t add(T one) {
    std::lock_guard guard{mutex_};
    if (kept_.size() == most_)
      kept_.pop_front();
    kept_.push_back(std::move(one));
    return next_++;
  }

  /// Changes the one at that place, if it is still kept.
  template <class Change>
  void change(std::uint64_t place, Change how) {
    std::lock_guard guard{mutex_};
    auto first = next_ - kept_.size();
    if (place >= first && place < next_)
      how(kept_[static_cast<std::size_t>(place - first)]);
  }

  /// All that are kept, the oldest first.
  std::vector<T> all() const {
    std::lock_guard guard{mutex_};
    return {kept_.begin(), kept_.end()};
  }

  /// Those at that place and behind it, the first `most` of them.
  kept_part<T> from(std::uint64_t place, std::size_t most) const {
    std::lock_guard guard{mutex_};
    auto first = next_ - kept_.size();
    auto begin = std::clamp(place, first, next_);
    auto end = begin + std::min<std::uint64_t>(most, next_ - begin);
    auto at = [&](std::uint64_t i) {
      return kept_.begin() + static_cast<std::ptrdiff_t>(i - first);
    };
    return {{at(begin), at(end)}, begin > place ? begin - place : 0, end};
  }

  /// The place of the next one.
  std::uint64_t end() const {
    std::lock_guard guard{mutex_};
    return next_;
  }

  /// Forgets all; places go on.
  void clear() {
    std::lock_guard guard{mutex_};
    kept_ = {};
  }

private:
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::deque<T> kept_;
  std::uint64_t next_ = 0;
};

/// A message that its receiver had no handler for.
struct dead_letter {
  wall_clock::time_point time;
  const std::type_info* type = nullptr;
  std::uint64_t actor = 0;
  kind_id kind = 0;
};

/// The end of an actor for another reason than that it was done.
struct death {
  wall_clock::time_point time;
  std::uint64_t actor = 0;
  kind_id kind = 0;
  std::string reason; ///< `exit_reason::kill`, `runtime_error: out of luck`
};

/// What does not go on as it should.
enum class stall_kind : std::uint8_t {
  handler, ///< holds an I/O thread for too long
  thread,  ///< an I/O thread that does not come to its sockets, and handles no message either
  worker,  ///< a task that does not move
  mailbox, ///< fuller than it may be
  request, ///< not answered in time
};

/// `handler`, `thread`, `worker`, `mailbox`, `request`.
std::string_view to_string(stall_kind what) noexcept;

/// Something that does not go on as it should.
struct stall {
  /// Of a handler or thread: index of its worker; stand-ins come behind the others.
  std::size_t thread = 0;
  std::uint64_t actor = 0;
  std::string kind;
  std::string message; ///< or task, request or thread; `start`: the actor starts
  std::chrono::nanoseconds duration{0};
  bool over = false;         ///< false: it still goes on; true: it has ended after `duration`
  std::uint64_t request = 0; ///< that the message is for, 0 if none
  std::string where;         ///< in the kernel, see `kernel_place`; or what it waits for; or ""
  wall_clock::time_point time = {}; ///< when it was noticed
  stall_kind what = stall_kind::handler;
};

/// An actor that has begun or ended.
struct actor_change {
  bool ended = false;
  std::uint64_t actor = 0;
  std::uint64_t parent = 0;
  kind_id kind = 0;
  std::string reason; ///< of the end; "" if it was done
};

/// What has happened in an actor system: the last failures always, and what comes and goes while
/// somebody wants to know. Any thread.
class history {
public:
  using change = std::variant<actor_change, stall>;

  recent<dead_letter> dead_letters{256};
  recent<death> deaths{256};
  recent<stall> stalls{64};

  /// Whether somebody listens to changes.
  bool listened_to() const noexcept { return listeners_.load(std::memory_order_relaxed) != 0; }
  /// From the first to the last listener changes are kept.
  void begin_listening() { listeners_.fetch_add(1, std::memory_order_relaxed); }
  void end_listening() {
    if (listeners_.fetch_sub(1, std::memory_order_relaxed) == 1)
      changes.clear();
  }
  recent<change> changes{4096};

private:
  std::atomic<std::size_t> listeners_{0};
};

} // namespace gantry::runtime
