#pragma once

#include "protocol/error.hpp"

namespace gantry::engine {
class job_table;
}
namespace gantry::containers {
struct container_services;
}

/// The jobs about volumes, and what asks for everything that takes space. All fail as
/// `job_table::add` does.
namespace gantry::jobs {

/// All of the below.
result<void> add_volume_jobs(engine::job_table& table,
                             const containers::container_services& services);

/// `volumes`: the list of VolumeList. Env `filters` (checked by `api::validate`). `volume_inspect
/// NAME`: VolumeInspect. Nobody is asked, nor the disk.
result<void> add_volume_list_jobs(engine::job_table& table,
                                  const containers::container_services& services);

/// `volume_create`: env `body` (JSON); answers with the volume, be it new or not. `volume_remove
/// NAME`: env `force` (boolean; nothing to remove is no error). Errors: as
/// `volume::parse_volume_request`, `volumes::use_volumes` and `remove_volume`.
result<void> add_volume_change_jobs(engine::job_table& table,
                                    const containers::container_services& services);

/// `volume_prune`: VolumePrune. Env `filters`, `version` (of the API). One at a time.
result<void> add_volume_prune_job(engine::job_table& table,
                                  const containers::container_services& services);

/// `disk_usage`: SystemDataUsage of Engine API 1.50. Env `types`: a list of `image`, `container`,
/// `volume`, `build-cache`. Walks through the files of all containers and volumes.
result<void> add_disk_usage_job(engine::job_table& table,
                                const containers::container_services& services);

} // namespace gantry::jobs
