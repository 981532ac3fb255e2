#pragma once

#include "actors/containers/container_actor.hpp"
#include "actors/containers/health_probe.hpp"
#include "protocol/container/health.hpp"

#include <cstdint>
#include <string>

namespace gantry::containers {

/// INTERNAL: it may be time for the next probe.
struct health_tick {
  std::uint64_t number = 0;
};

} // namespace gantry::containers

GANTRY_LOCAL_MESSAGE(gantry::containers::health_tick)

namespace gantry::containers {

/// HEALTH CHECK: has a container probed, one probe at a time, and tells the container's actor what
/// follows (`health_told`). There is one while the container runs and is not paused; it ends by
/// `exit`, and so does a probe that is under way.
using health_actor =
    probe_owner::extend<caf::reacts_to<health_tick>>::extend_with<core::inspectable_actor>;

/// What a health check is made of.
struct health_setup {
  container_services services;
  std::string container; ///< id
  container::health_check check;
  container_actor owner;
};

/// Starts it. The first probe is after the first interval.
health_actor spawn_health_check(caf::local_actor* parent, health_setup setup);

} // namespace gantry::containers
