#include "actors/networks/shared_networks.hpp"

#include <utility>

namespace gantry::networks {

void shared_networks::set(network::network_list all) {
  auto next = std::make_shared<const network::network_list>(std::move(all));
  std::lock_guard guard{mutex_};
  all_ = std::move(next);
}

std::shared_ptr<const network::network_list> shared_networks::all() const {
  std::lock_guard guard{mutex_};
  return all_;
}

network::network_record shared_networks::named(std::string_view name) const {
  const auto list = all();
  for (const auto& network : *list)
    if (network.name == name)
      return network;
  return {};
}

} // namespace gantry::networks
