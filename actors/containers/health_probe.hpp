#pragma once

#include "actors/containers/attach_session.hpp"
#include "actors/containers/container_services.hpp"
#include "actors/core/interfaces.hpp"
#include "protocol/container/exec.hpp"
#include "protocol/container/health.hpp"

#include <caf/timespan.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace gantry::limits {

/// From the making of a probe until its process runs; that does not count for its own time-out.
inline constexpr caf::timespan probe_start = span(30s);

} // namespace gantry::limits

namespace gantry::containers {

/// Told to who wants to know: what a probe has found. Not if it was abandoned.
struct probe_result {
  caf::actor_id from = 0;
  std::shared_ptr<const container::health_result> result;
};

/// Told when nothing of a probe runs any more, and it has told its result.
struct probe_over {
  caf::actor_id from = 0;
  std::string exec; ///< its id; empty if none could be made
};

/// Nobody wants the result any more: what runs is killed.
struct abandon_probe {};

/// INTERNAL: a probe has had its time, to begin or to end.
struct probe_late {
  bool running = false;
};

/// INTERNAL: its exec does not start.
struct probe_refused {
  std::shared_ptr<const api_error> why;
};

} // namespace gantry::containers

GANTRY_LOCAL_MESSAGE(gantry::containers::probe_result)
GANTRY_LOCAL_MESSAGE(gantry::containers::probe_over)
GANTRY_LOCAL_MESSAGE(gantry::containers::abandon_probe)
GANTRY_LOCAL_MESSAGE(gantry::containers::probe_late)
GANTRY_LOCAL_MESSAGE(gantry::containers::probe_refused)

namespace gantry::containers {

/// Who has a probe made.
using probe_owner = caf::typed_actor<caf::reacts_to<probe_result>, caf::reacts_to<probe_over>>;

/// HEALTH PROBE: one run of a health check. It is an exec of the container, whose session is this
/// actor: it keeps the beginning of the output and kills the process at its time-out.
using health_probe_actor =
    attach_session_actor::extend<caf::reacts_to<abandon_probe>,
                                 // INTERNAL
                                 caf::reacts_to<probe_late>, caf::reacts_to<probe_refused>>;

/// What a probe is made of.
struct probe_setup {
  container_services services;
  published_ptr container;
  std::vector<std::string> command; ///< not empty
  std::chrono::nanoseconds timeout{0};
  probe_owner owner;
};

/// Starts a probe.
health_probe_actor spawn_health_probe(caf::local_actor* parent, probe_setup setup);

} // namespace gantry::containers
