#pragma once

#include "actors/containers/shared_execs.hpp"
#include "protocol/container/container_view.hpp"
#include "protocol/error.hpp"
#include "protocol/job/job.hpp"

#include <string>

namespace gantry::containers {
struct container_services;
}

namespace gantry::jobs {

/// Refuses what is not for execs now (section 10). `name` is what the container is called by.
/// Errors (conflict): `container ID is not running`, `Container NAME is paused, unpause the
/// container before exec`, `Container ID is restarting, wait until the container is running`.
result<void> check_active(const container::container_view& view, const std::string& name);

/// The exec that the job's only argument is the id of, if something can be done with it now.
/// Errors: not_found `No such exec instance: X`, `No such container: X`; those of `check_active`.
result<containers::shared_execs::known> usable_exec(const containers::container_services& services,
                                                    const job::request& asked);

} // namespace gantry::jobs
