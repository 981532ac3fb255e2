#include "actors/runtime/watchdog.hpp"

#include "actors/runtime/kernel_place.hpp"
#include "actors/runtime/log.hpp"

#include <pthread.h>

#include <vector>

namespace gantry::runtime {

namespace {

void log_stall(const stall& s) {
  using namespace std::chrono;
  log::write(
      log::level::warn, "watchdog",
      s.over ? "a handler has held its thread for too long" : "a handler is holding its thread",
      {{"actor", std::to_string(s.actor)},
       {"kind", s.kind},
       {"message", s.message.empty() ? "start" : s.message},
       {"request", s.request},
       {"thread", "gantry-io-" + std::to_string(s.thread)},
       {"where", s.where},
       {"duration", std::to_string(duration_cast<milliseconds>(s.duration).count()) + "ms"}});
}

} // namespace

watchdog::watchdog(scheduler& watched, std::chrono::nanoseconds limit, reporter report)
    : scheduler_(watched), limit_(limit), report_(report ? std::move(report) : log_stall) {
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
  if (state.reported && sequence != state.sequence) {
    state.last.over = true;
    state.reported = false;
    scheduler_.rescued(w);
    scheduler_.registry().history().stalls.change(state.place, [&](stall& s) { s = state.last; });
    tell(state.last);
  }
  state.sequence = sequence;
  if (since == 0)
    return active;
  auto now = now_ticks();
  auto held = now > since ? to_duration(now - since) : std::chrono::nanoseconds{0};
  if (held < limit_)
    return active;
  stall s{w.index(),
          slot.actor.load(std::memory_order_acquire),
          kind_name(slot.kind.load(std::memory_order_acquire)),
          type_name(slot.message.load(std::memory_order_acquire)),
          held,
          false,
          slot.request.load(std::memory_order_acquire),
          {},
          {}};
  // The slot is of one moment only if the thread has not moved on meanwhile.
  if (slot.sequence.load(std::memory_order_acquire) != sequence ||
      slot.since.load(std::memory_order_acquire) != since)
    return active;
  scheduler_.rescue(w);
  auto& kept = scheduler_.registry().history().stalls;
  if (!state.reported) {
    state.reported = true;
    s.time = wall_clock::now();
    s.where = kernel_place(w.tid());
    state.last = std::move(s);
    state.place = kept.add(state.last);
    tell(state.last);
  } else {
    state.last.duration = held;
    kept.change(state.place, [&](stall& known) { known.duration = held; });
  }
  return active;
}

void watchdog::tell(const stall& s) {
  if (auto& history = scheduler_.registry().history(); history.listened_to())
    history.changes.add(s);
  report_(s);
}

void watchdog::run() {
  std::vector<worker*> watched;
  for (auto* threads : {&scheduler_.workers(), &scheduler_.stand_ins()})
    for (auto& w : *threads)
      watched.push_back(w.get());
  std::vector<watched_thread> states(watched.size());
  const auto period = limit_ / 4;
  // With nothing going on for this many looks in a row there is nothing to watch.
  constexpr int looks_before_sleep = 40;
  int quiet = 0;
  auto& asleep = scheduler_.watchdog_asleep;
  auto& wake = scheduler_.watchdog_wake;
  std::unique_lock guard{scheduler_.watchdog_mutex};
  while (!stop_) {
    if (quiet >= looks_before_sleep) {
      asleep.store(true, std::memory_order_seq_cst);
      // A thread that has woken up before it could see the flag is not idle any more.
      if (scheduler_.all_idle())
        wake.wait(guard, [&] { return stop_ || !asleep.load(std::memory_order_relaxed); });
      asleep.store(false, std::memory_order_relaxed);
      quiet = 0;
      continue;
    }
    wake.wait_for(guard, period, [this] { return stop_; });
    if (stop_)
      break;
    guard.unlock();
    bool active = false;
    for (std::size_t i = 0; i < states.size(); ++i)
      active = look(*watched[i], states[i]) || active;
    quiet = active ? 0 : quiet + 1;
    guard.lock();
  }
}

} // namespace gantry::runtime
