// A container's health check, as its actor sees it.

#include "actors/containers/container_state.hpp"

#include <caf/exit_reason.hpp>

#include <utility>

namespace gantry::containers {

void container_state::look_after_health() {
  const auto& state = life->state();
  const bool runs = state.status == container::container_status::running && run_ &&
                    run_->now == phase::up && !run_->exit_seen;
  if (!runs)
    return end_health();
  auto settings = container::health_settings_of(*config_);
  if (health_ || !settings || !state.health)
    return;
  container::health_check check{std::move(*settings), *state.health, state.started_at};
  health_ = spawn_health_check(self_, {services_, id_, std::move(check), container_actor{self_}});
}

void container_state::end_health() {
  if (auto health = std::exchange(health_, nullptr))
    caf::anon_send_exit(health, caf::exit_reason::user_shutdown);
}

void container_state::on_health(const health_told& what) {
  if (!health_ || health_.id() != what.from)
    return; // of a run that is over
  life->health_changed(*what.health);
  go_on();
}

} // namespace gantry::containers
