#include "actors/containers/health_actor.hpp"

#include "actors/containers/times.hpp"
#include "actors/runtime/actor.hpp"

#include <caf/actor_clock.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

namespace gantry::containers {

namespace {

/// What has ended waits no longer than this for its timer, which holds its memory.
constexpr caf::timespan longest_wait = std::chrono::minutes{1};
/// Probes of which the execs can still be looked at.
constexpr std::size_t known_execs = container::health_log_entries;
/// When a container ends, the kernel kills what else runs in it first: a probe that was killed says
/// nothing if the end of the container follows within this time.
constexpr caf::timespan doubt = std::chrono::milliseconds{200};
constexpr std::int64_t killed = 128 + SIGKILL;

/// What it knows.
struct health_state {
  static inline const char* name = "health-check";
  using self_pointer = health_actor::stateful_pointer<health_state>;
  using time_point = caf::actor_clock::time_point;

  health_state() = default;
  ~health_state() {
    if (probe)
      caf::anon_send(probe, abandon_probe{});
  }

  void init(self_pointer me, health_setup given) {
    self = me;
    setup = std::make_unique<health_setup>(std::move(given));
    wait(setup->check.pause(instant_now()));
  }

  void wait(std::chrono::nanoseconds how_long) {
    due = self->clock().now() + how_long;
    arm();
  }

  void arm() {
    const auto rest = std::max(due - self->clock().now(), time_point::duration::zero());
    caf::delayed_anon_send(health_actor{self}, std::min<caf::timespan>(rest, longest_wait),
                           health_tick{++ticks});
  }

  void on_tick(const health_tick& tick) {
    if (tick.number != ticks)
      return;
    if (self->clock().now() < due)
      return arm();
    if (doubted) {
      take(*std::exchange(doubted, std::nullopt));
      return wait(setup->check.pause(instant_now()));
    }
    if (!probe)
      return probe_now();
    // The probe before has told its result, but something holds it; that takes no longer than a
    // probe may, or is as bad as one that took too long.
    if (std::exchange(overdue, true)) {
      const auto now = instant_now();
      take({now, now, -1, "the health check before has not ended"});
    }
    wait(setup->check.settings().timeout);
  }

  void probe_now() {
    overdue = false;
    ++ticks; // its result says when the next one is due
    auto container = setup->services.all->find(setup->container);
    if (!container)
      return self->quit(); // it is being removed
    probe = spawn_health_probe(self, {setup->services, *container, setup->check.settings().command,
                                      setup->check.settings().timeout, probe_owner{self}});
  }

  void on_result(const probe_result& found) {
    if (!probe || found.from != probe.id())
      return;
    if (found.result->exit_code == killed) {
      doubted = *found.result;
      return wait(doubt);
    }
    take(*found.result);
    wait(setup->check.pause(instant_now()));
  }

  void take(container::health_result result) {
    setup->check.probed(std::move(result));
    caf::anon_send(setup->owner,
                   health_told{self->id(), std::make_shared<const container::health_view>(
                                               setup->check.view())});
  }

  void on_over(const probe_over& ended) {
    if (!probe || ended.from != probe.id())
      return;
    probe = nullptr;
    if (!ended.exec.empty())
      execs.push_back(ended.exec);
    if (execs.size() > known_execs) {
      setup->services.execs->forget(execs.front());
      execs.pop_front();
    }
    if (overdue)
      probe_now();
  }

  core::facts describe() const {
    const auto& view = setup->check.view();
    return {{{"container", setup->container},
             {"status", view.status},
             {"failing streak", std::to_string(view.failing_streak)},
             {"probe", probe ? "running" : "none"}}};
  }

  self_pointer self = nullptr;
  std::unique_ptr<health_setup> setup;
  health_probe_actor probe; ///< until nothing of it runs
  std::deque<std::string> execs;
  time_point due{};
  std::uint64_t ticks = 0;
  std::optional<container::health_result> doubted;
  bool overdue = false; ///< a probe is due, but the one before is still there
};

health_actor::behavior_type run_health_check(health_actor::stateful_pointer<health_state> self,
                                             const std::shared_ptr<health_setup>& setup) {
  self->state.init(self, std::move(*setup));
  auto& s = self->state;
  return {
      [&s](const probe_result& x) { s.on_result(x); },
      [&s](const probe_over& x) { s.on_over(x); },
      [&s](const health_tick& x) { s.on_tick(x); },
      [&s](core::describe) { return s.describe(); },
  };
}

} // namespace

health_actor spawn_health_check(caf::local_actor* parent, health_setup setup) {
  return runtime::spawn(parent, run_health_check, std::make_shared<health_setup>(std::move(setup)));
}

} // namespace gantry::containers
