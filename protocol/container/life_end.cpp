// The end of a container, what follows from it, and the beginning of the daemon.

#include "protocol/container/health.hpp"
#include "protocol/container/life.hpp"

#include <algorithm>
#include <utility>

namespace gantry::container {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_delay{100};
constexpr milliseconds longest_delay{60'000};
/// After a run of that many seconds the delays begin anew.
constexpr std::int64_t long_run = 10;
/// What an exit code is that nobody knows.
constexpr std::int64_t unknown_exit = 255;

std::int64_t seconds_between(const oci::instant& from, const oci::instant& to) {
  auto difference = to.seconds - from.seconds;
  if (to.nanoseconds < from.nanoseconds)
    --difference;
  return std::max<std::int64_t>(0, difference);
}

} // namespace

void life::exited(const container_exit& how) {
  if (!up() || step_ == step::releasing)
    return;
  for (auto from : std::exchange(pausers_, {}))
    fail(from, errc::conflict, "container " + id_ + " is not running");
  disarm(life_timer::stop);
  disarm(life_timer::kill);
  step_ = step::releasing;
  auto& s = record_.state;
  s.exit_code = how.code;
  s.finished_at = how.at;
  s.oom_killed = how.oom_killed;
  s.pid = 0;
  end_health();
  actions_.push_back(begin_release{});
}

void life::out_of_memory() { publish("oom"); }

void life::start_health() {
  auto& health = record_.state.health;
  if (settings_.health_check)
    health = health_at_start(std::move(health));
}

void life::end_health() {
  auto& health = record_.state.health;
  if (health)
    health = health_at_end(std::move(*health));
}

void life::health_changed(health_view health) {
  auto& s = record_.state;
  if (s.status != container_status::running || step_ == step::releasing)
    return;
  const auto news = !s.health || s.health->status != health.status;
  s.health = std::move(health);
  if (!news)
    return actions_.push_back(show_record{});
  save();
  publish("health_status: " + s.health->status);
}

bool life::should_restart(bool at_daemon_start) const {
  if (restart_cancelled_)
    return false;
  const auto& policy = settings_.policy;
  if (policy.name == "always")
    return true;
  if (policy.name == "unless-stopped")
    return !record_.stopped_by_hand;
  if (policy.name != "on-failure" || record_.state.exit_code == 0)
    return false;
  return at_daemon_start || policy.maximum_retry_count == 0 ||
         record_.restart_count < policy.maximum_retry_count;
}

milliseconds life::next_delay() {
  const auto& s = record_.state;
  if (seconds_between(s.started_at, s.finished_at) >= long_run)
    delay_ = milliseconds{0};
  delay_ = delay_ == milliseconds{0} ? first_delay : std::min(delay_ * 2, longest_delay);
  return delay_;
}

void life::released() {
  if (step_ != step::releasing)
    return;
  step_ = step::none;
  auto& s = record_.state;
  publish("die", {{"exitCode", std::to_string(s.exit_code)},
                  {"execDuration", std::to_string(seconds_between(s.started_at, s.finished_at))}});
  const auto again = removers_.empty() && enders_.empty() && should_restart(false);
  if (again) {
    s.status = container_status::restarting;
    ++record_.restart_count;
    save();
    arm(life_timer::restart, next_delay());
    release_waiters(true, false);
    return run_deferred();
  }
  s.status = container_status::exited;
  settle();
}

/// It is at rest after its end: those who waited for that hear of it, and what was asked for beyond
/// it is begun.
void life::settle() {
  save();
  std::vector<ticket> restarters;
  auto start_again = false;
  auto enders = std::exchange(enders_, {});
  if (std::any_of(enders.begin(), enders.end(), [](auto& e) { return e.stop; }))
    publish("stop");
  for (auto& e : enders) {
    if (e.restart && daemon_ends_) {
      fail(e.from, errc::unavailable, "the daemon ends");
    } else if (e.restart) {
      start_again = true;
      if (e.from != 0)
        restarters.push_back(e.from);
    } else {
      answer(e.from, 0, true);
    }
  }
  release_waiters(true, false);
  if (!removers_.empty()) {
    for (auto from : restarters)
      fail(from, errc::conflict, "container is marked for removal and cannot be started");
    auto removers = std::exchange(removers_, {});
    begin_removal(0, settings_.auto_remove);
    removers_.insert(removers_.end(), removers.begin(), removers.end());
  } else if (start_again) {
    publish("stop");
    starters_.insert(starters_.end(), restarters.begin(), restarters.end());
    restart_by_hand_ = true;
    begin(true);
  } else if (settings_.auto_remove) {
    begin_removal(0, true);
  }
  run_deferred();
}

// -- the daemon's start ---------------------------------------------------------------------------

void life::found_running(std::int64_t pid, const oci::instant& started, bool is_paused) {
  auto& s = record_.state;
  s.status = is_paused ? container_status::paused : container_status::running;
  s.pid = pid;
  s.started_at = started;
  if (!s.health)
    start_health();
  save();
}

void life::found_ended(const std::optional<container_exit>& how, const oci::instant& now) {
  record_.state.status = container_status::running;
  exited(how ? *how : container_exit{unknown_exit, now, false});
}

void life::daemon_started() {
  if (step_ != step::none || up())
    return;
  auto& s = record_.state;
  switch (s.status) {
  case container_status::removing:
  case container_status::dead:
    return begin_removal(0, false);
  case container_status::restarting:
    return begin(false);
  case container_status::exited:
    if (settings_.auto_remove)
      return begin_removal(0, true);
    if (should_restart(true))
      begin(false);
    return;
  default:
    return;
  }
}

} // namespace gantry::container
