#pragma once

#include "protocol/container/container_view.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace gantry::container {

/// The id of the network of that name; empty if there is none.
using network_id_lookup = std::function<std::string(std::string_view name)>;

/// What shows of a container's networks follows from these.
struct network_facts {
  std::string_view id;       ///< of the container
  const endpoint_map& asked; ///< as create was told
  const container_config& config;
  const container::host_config& host;
  const state_view& state;
  bool was_tried = false; ///< it has been started before, or that has been tried
};

/// The networks that a container is in while it runs, by the names that are shown: those that it
/// was made with, else the one of its NetworkMode (`bridge` for `default`). Empty if it has
/// another's network, or none at all (`NetworkDisabled`).
endpoint_map networks_of(const network_facts& facts);

/// What NetworkSettings shows. Ids of the sandbox and of the endpoints are those of one run: they
/// follow from the container and the time of its start.
network_view show_networks(const network_facts& facts, const network_id_lookup& id_of);

} // namespace gantry::container
