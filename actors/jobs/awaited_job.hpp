#pragma once

#include "actors/engine/engine_actor.hpp"
#include "protocol/error.hpp"
#include "protocol/job/job.hpp"

#include <functional>
#include <string>

namespace gantry::jobs {

using job_output = decltype(job::reply::output);

/// Tells how the work of a job ended: once, on any thread. When the job has ended before, nothing
/// happens.
using tell_outcome = std::function<void(result<job_output>)>;

/// Hands the work of a job to whoever does it. Must not throw, nor block. After an error, which the
/// job then fails with, nothing is told.
using start_work = std::function<result<void>(const job::request&, tell_outcome)>;

/// The handler for a job whose work is done elsewhere, in one go and without streams. Meanwhile its
/// actor answers `describe` - it waits for `whom` - and can be cancelled: then the answer comes at
/// once, and what is told later is dropped.
engine::job_handler awaited_job(std::string whom, start_work start);

} // namespace gantry::jobs
