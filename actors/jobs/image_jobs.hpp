#pragma once

#include "actors/engine/engine_actor.hpp"
#include "actors/image/image_services.hpp"
#include "protocol/error.hpp"

namespace gantry::jobs {

/// `image_load`, `image_save` and `image_import` (sections 16.1-16.3). Fails as `job_table::add`
/// does.
result<void> add_image_stream_jobs(engine::job_table& table, const image::image_services& services);

} // namespace gantry::jobs
