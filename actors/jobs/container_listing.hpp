#pragma once

#include "protocol/error.hpp"
#include "protocol/job/job.hpp"

#include <string>

namespace gantry::containers {
struct container_services;
}

namespace gantry::jobs {

/// The text of ContainerList; env as for the job `containers`. Blocks if `sizes` are wanted.
/// Errors: as that job's.
result<std::string> list_containers(const containers::container_services& services,
                                    const job::env& environment, bool sizes);

} // namespace gantry::jobs
