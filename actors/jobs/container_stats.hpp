#pragma once

#include "actors/engine/engine_actor.hpp"
#include "actors/jobs/container_limits.hpp"

#include <caf/timespan.hpp>

#include <string>

namespace gantry::containers {
struct container_services;
}

namespace gantry::jobs {

/// How `container_stats` looks at containers; other values are for tests.
struct stats_pace {
  caf::timespan interval = limits::stats_interval;
  caf::timespan first_look = limits::stats_first_look;
  std::string root = "/"; ///< as for `containers::stats_source`
};

/// The handler of `container_stats`. What is shown first is compared with a look taken
/// `first_look` before, so that an answer is there at once and says what share of the processors is
/// used; so is what is shown first of each later run of the container. After that each object is
/// compared with the one before it. A container that does not run is shown with zeros. A client
/// that does not read misses objects; nothing waits for it.
engine::job_handler container_stats_job(const containers::container_services& services,
                                        stats_pace pace = {});

} // namespace gantry::jobs
