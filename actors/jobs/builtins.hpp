#pragma once

#include "actors/engine/engine_actor.hpp"
#include "actors/events/events_hub.hpp"
#include "actors/jobs/daemon_facts.hpp"
#include "protocol/error.hpp"

#include <memory>

namespace gantry::containers {
class shared_containers;
}
namespace gantry::image {
class shared_catalog;
}
namespace gantry::runtime {
class scheduler;
class worker_pool;
} // namespace gantry::runtime

/// The jobs that every daemon has: one function per file of this folder, each of which adds its
/// handlers to the engine's table. All fail as `job_table::add` does.
namespace gantry::jobs {

/// What the jobs work with.
struct builtin_services {
  runtime::worker_pool* pool = nullptr; ///< for what blocks; never null; outlives the actor system
  std::shared_ptr<shared_facts> facts;  ///< never null
  events::hub_actor hub;
  runtime::scheduler* scheduler = nullptr; ///< outlives the engine; null: no actor is counted
  std::shared_ptr<image::shared_catalog> images = nullptr; ///< null: there are none
  std::shared_ptr<const containers::shared_containers> containers = nullptr; ///< the same
};

/// All of the below.
result<void> add_builtin_jobs(engine::job_table& table, const builtin_services& services);

/// `events`, `log` and `subscribers_count` (clauses 1.13, W12-W17).
result<void> add_events_jobs(engine::job_table& table, const events::hub_actor& hub);

/// `ping`, `version` and `info` (sections 22, clause Y9).
result<void> add_system_jobs(engine::job_table& table, const builtin_services& services);

/// `build_prune`: there is nothing yet that it could take.
result<void> add_object_jobs(engine::job_table& table);

/// `debug_vars` and `debug_pprof` (clauses DB1-DB3).
result<void> add_debug_jobs(engine::job_table& table, const builtin_services& services);

} // namespace gantry::jobs
