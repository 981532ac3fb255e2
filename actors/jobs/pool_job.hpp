#pragma once

#include "actors/jobs/awaited_job.hpp"
#include "protocol/error.hpp"
#include "protocol/job/job.hpp"

#include <functional>
#include <string>

namespace gantry::runtime {
class worker_pool;
}

namespace gantry::jobs {

/// What a job does on a thread of the pool. Must not throw.
using blocking_work = std::function<result<job_output>(const job::request&)>;

/// The handler for a job whose work blocks (`awaited_job`). Fails (unavailable) if the pool has no
/// room. The pool outlives the actor system.
engine::job_handler pool_job(runtime::worker_pool& pool, blocking_work work);

/// The failure of a job for which the pool has no room.
api_error pool_is_full(const std::string& job);

} // namespace gantry::jobs
