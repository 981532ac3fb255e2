#include "protocol/container/network_view.hpp"

#include "protocol/container/modes.hpp"
#include "protocol/oci/digest.hpp"

namespace gantry::container {

namespace {

constexpr std::string_view default_network = "bridge";

std::string name_of_network(std::string_view mode) {
  return std::string{mode.empty() || mode == "default" ? default_network : mode};
}

// The same for as long as this run goes on, also for another daemon.
std::string id_in_run(const network_facts& facts, std::string_view what) {
  const auto seed = std::string{facts.id}
                        .append(" ")
                        .append(oci::to_string(facts.state.started_at))
                        .append(" ")
                        .append(what);
  return std::string{oci::sha256_of(seed).hex()};
}

} // namespace

endpoint_map networks_of(const network_facts& facts) {
  if (container_of_mode(facts.host.network_mode) || facts.config.network_disabled)
    return {};
  if (!facts.asked.empty())
    return facts.asked;
  return {{name_of_network(facts.host.network_mode), endpoint_settings{}}};
}

network_view show_networks(const network_facts& facts, const network_id_lookup& id_of) {
  network_view view;
  view.networks = networks_of(facts);
  if (view.networks.empty())
    return view;
  const bool runs = facts.state.pid > 0;
  if (runs) {
    view.sandbox_id = id_in_run(facts, "sandbox");
    view.sandbox_key = "/proc/" + std::to_string(facts.state.pid) + "/ns/net";
  }
  for (auto& [name, endpoint] : view.networks) {
    if (!runs && !facts.was_tried)
      continue;
    endpoint.network_id = id_of(name);
    if (runs && !endpoint.network_id.empty())
      endpoint.endpoint_id = id_in_run(facts, endpoint.network_id);
  }
  return view;
}

} // namespace gantry::container
