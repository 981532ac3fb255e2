#pragma once

#include "actors/containers/container_services.hpp"
#include "actors/containers/manager.hpp"
#include "actors/engine/engine_actor.hpp"
#include "protocol/error.hpp"

namespace gantry::jobs {

/// The job `container_create`; env `body` (JSON), `name`, `platform`, `version` (of the API).
/// Answers `{"Id": ..., "Warnings": [...]}`.
result<void> add_container_create_job(engine::job_table& table,
                                      const containers::container_services& services,
                                      const containers::manager_actor& manager);

} // namespace gantry::jobs
