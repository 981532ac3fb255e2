#pragma once

#include "actors/containers/container_services.hpp"
#include "actors/jobs/awaited_job.hpp"

namespace gantry::jobs {

/// The same work, begun when it is known what this machine can do: right after the daemon's start
/// that takes a moment. Errors beside its own: unavailable if too many wait for that.
start_work once_setup_is_known(const containers::container_services& services, start_work start);

} // namespace gantry::jobs
