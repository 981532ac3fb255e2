#pragma once

#include "actors/server/server.hpp"

#include <functional>
#include <string>
#include <vector>

namespace gantry::server {

/// Tells the init system that the daemon is ready (sd_notify(3)); must not block. What it returns
/// is for the log; "" if all went well or nobody is listening.
using ready_notifier = std::function<std::string()>;

struct activation_state {
  static inline const char* name = "activation";
  activation_state() = default;

  ready_notifier notify;
  std::vector<listener_actor> listeners;
  bool open = false;
};

activation_actor::behavior_type
run_activation(activation_actor::stateful_pointer<activation_state> self, ready_notifier notify);

} // namespace gantry::server
