// What a container tells of the networks that it is in.

#include "actors/containers/container_state.hpp"

#include <utility>

namespace gantry::containers {

void container_state::publish_networks(bool connected) {
  if (std::exchange(in_networks_, connected) == connected)
    return;
  for (const auto& [name, endpoint] : networks().networks) {
    const auto network = services_.networks->named(name);
    if (network.id.empty())
      continue;
    api::event e;
    e.type = "network";
    e.action = connected ? "connect" : "disconnect";
    e.actor = network.id;
    e.attributes = {{"container", id_}, {"name", network.name}, {"type", network.driver}};
    services_.publish(std::move(e));
  }
}

void container_state::publish_departure() {
  publish_networks(false);
  publish_mounts(false);
}

} // namespace gantry::containers
