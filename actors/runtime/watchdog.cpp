#include "actors/runtime/watchdog.hpp"

#include "actors/runtime/kernel_place.hpp"

#include <pthread.h>

#include <utility>
#include <vector>

namespace gantry::runtime {

watchdog::watchdog(scheduler& watched, std::chrono::nanoseconds limit, stall_listeners tell,
                   std::unique_ptr<patrol> beat, std::chrono::nanoseconds round)
    : scheduler_(watched), limit_(limit), round_(round),
      book_(watched.registry().history(), std::move(tell)), beat_(std::move(beat)) {
  thread_ = std::thread{[this] {
    pthread_setname_np(pthread_self(), "gantry-watchdog");
    run();
  }};
}

watchdog::~watchdog() {
  {
    std::lock_guard guard{scheduler_.watchdog_mutex};
    stop_ = true;
    scheduler_.watchdog_wake.notify_all();
  }
  thread_.join();
}

bool watchdog::look(worker& w, watched_thread& state) {
  auto& slot = w.slot();
  auto sequence = slot.sequence.load(std::memory_order_acquire);
  auto since = slot.since.load(std::memory_order_acquire);
  auto active = sequence != state.sequence || since != 0;
  if (state.held && sequence != state.sequence) {
    scheduler_.rescued(w);
    book_.close(*state.held);
    state.held.reset();
  }
  state.sequence = sequence;
  if (since == 0)
    return active;
  auto now = now_ticks();
  auto held = now > since ? to_duration(now - since) : std::chrono::nanoseconds{0};
  if (held < limit_)
    return active;
  stall s;
  s.thread = w.index();
  s.actor = slot.actor.load(std::memory_order_acquire);
  s.kind = kind_name(slot.kind.load(std::memory_order_acquire));
  const auto* type = slot.message.load(std::memory_order_acquire);
  s.message = type ? type_name(type) : "start";
  s.duration = held;
  s.request = slot.request.load(std::memory_order_acquire);
  // The slot is of one moment only if the thread has not moved on meanwhile.
  if (slot.sequence.load(std::memory_order_acquire) != sequence ||
      slot.since.load(std::memory_order_acquire) != since)
    return active;
  scheduler_.rescue(w);
  if (state.held) {
    book_.go_on(*state.held, held);
  } else {
    s.where = kernel_place(w.tid());
    state.held = book_.open(std::move(s));
  }
  return active;
}

void watchdog::go_round(time_point now, bool busy) {
  if (!beat_ || now < round_at_)
    return;
  round_at_ = now + round_;
  beat_goes_on_ = beat_->look(book_, busy);
}

void watchdog::run() {
  using clock = std::chrono::steady_clock;
  std::vector<worker*> watched;
  for (auto* threads : {&scheduler_.workers(), &scheduler_.stand_ins()})
    for (auto& w : *threads)
      watched.push_back(w.get());
  std::vector<watched_thread> states(watched.size());
  const auto period = limit_ / 4;
  // With nothing going on for this many looks in a row there are no threads to watch.
  constexpr int looks_before_sleep = 40;
  int quiet = 0;
  auto& asleep = scheduler_.watchdog_asleep;
  auto& wake = scheduler_.watchdog_wake;
  std::unique_lock guard{scheduler_.watchdog_mutex};
  round_at_ = clock::now() + round_;
  while (!stop_) {
    if (quiet >= looks_before_sleep) {
      asleep.store(true, std::memory_order_seq_cst);
      auto roused = [&] { return stop_ || !asleep.load(std::memory_order_relaxed); };
      // A thread that has woken up before it could see the flag is not idle any more.
      if (!scheduler_.all_idle()) {
        quiet = 0;
      } else if (beat_goes_on_) {
        if (wake.wait_until(guard, round_at_, roused))
          quiet = 0;
      } else {
        wake.wait(guard, roused);
        quiet = 0;
      }
      asleep.store(false, std::memory_order_relaxed);
      if (quiet == 0)
        continue;
    } else {
      wake.wait_for(guard, period, [this] { return stop_; });
    }
    if (stop_)
      break;
    guard.unlock();
    bool active = false;
    for (std::size_t i = 0; i < states.size(); ++i)
      active = look(*watched[i], states[i]) || active;
    quiet = active ? 0 : quiet + 1;
    if (quiet == looks_before_sleep)
      round_at_ = {}; // before the sleep
    go_round(clock::now(), quiet < looks_before_sleep);
    guard.lock();
  }
  guard.unlock();
  // Nobody would call a stand-in back any more. As long as one serves, what wakes its io_context
  // may wake it in the place of the thread that is back, in whose queue the work is.
  for (auto* w : watched)
    scheduler_.rescued(*w);
}

} // namespace gantry::runtime
