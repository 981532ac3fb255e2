#pragma once

#include "actors/engine/engine_actor.hpp"
#include "protocol/error.hpp"
#include "protocol/job/job.hpp"

#include <functional>
#include <memory>
#include <string>

namespace gantry::runtime {
class worker_pool;
}

namespace gantry::jobs {

using job_output = decltype(job::reply::output);

/// What a job does on a thread of the pool. Must not throw.
using blocking_work = std::function<result<job_output>(const job::request&)>;

/// The handler for a job whose work blocks. While it works its actor answers `describe` and can be
/// cancelled: then the answer comes at once and what the work returns is dropped. Fails
/// (unavailable) if the pool has no room. The pool outlives the actor system.
engine::job_handler pool_job(runtime::worker_pool& pool, blocking_work work);

/// The failure of a job for which the pool has no room.
api_error pool_is_full(const std::string& job);

} // namespace gantry::jobs
