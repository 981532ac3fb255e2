#include "actors/server/activation.hpp"

#include "actors/runtime/log.hpp"

#include <algorithm>

namespace gantry::server {

activation_actor::behavior_type
run_activation(activation_actor::stateful_pointer<activation_state> self, ready_notifier notify) {
  self->state.notify = std::move(notify);
  self->set_down_handler([self](caf::down_msg& down) {
    auto& all = self->state.listeners;
    std::erase_if(all, [&](auto& listener) { return listener.address() == down.source; });
  });
  return {
      [self](const join_activation& join) {
        self->monitor(join.listener);
        self->state.listeners.push_back(join.listener);
        if (self->state.open)
          caf::anon_send(join.listener, release{});
      },
      [self](reload_listeners) {
        for (auto& listener : self->state.listeners)
          caf::anon_send(listener, reload_tls{});
      },
      [self](open_activation) {
        auto& state = self->state;
        if (state.open)
          return core::done{};
        state.open = true;
        if (state.notify)
          if (auto problem = state.notify(); !problem.empty())
            log::write(log::level::warn, "activation", "could not tell the init system",
                       {{"error", problem}});
        for (auto& listener : state.listeners)
          caf::anon_send(listener, release{});
        return core::done{};
      },
      [self](core::describe) {
        return core::facts{{{"open", self->state.open ? "yes" : "no"},
                            {"listeners", std::to_string(self->state.listeners.size())}}};
      },
  };
}

} // namespace gantry::server
