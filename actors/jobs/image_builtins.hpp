#pragma once

#include "protocol/error.hpp"

namespace gantry::engine {
class job_table;
}
namespace gantry::image {
struct image_services;
}

/// The jobs about images that stream nothing: one function per file of this folder, each of which
/// adds its handler to the engine's table. All fail as `job_table::add` does. What is missing is
/// named as dockerd does, or, if env `shape` is `1.2`, as 1.2.0 did.
namespace gantry::jobs {

/// All of the below.
result<void> add_image_jobs(engine::job_table& table, const image::image_services& services);

/// `images`: ImageList of Engine API 1.50. Env `all`, `shared-size` (booleans), `filters`.
result<void> add_images_job(engine::job_table& table, const image::image_services& services);

/// `image_inspect NAME`: ImageInspect of Engine API 1.50 with the members that were dropped since
/// 1.24. Env `platform` (JSON).
result<void> add_image_inspect_job(engine::job_table& table, const image::image_services& services);

/// `image_history NAME`: ImageHistory of Engine API 1.50. Env `platform` (JSON).
result<void> add_image_history_job(engine::job_table& table, const image::image_services& services);

/// `image_tag NAME`: gives an image one more name. Env `repo`, `tag`.
result<void> add_image_tag_job(engine::job_table& table, const image::image_services& services);

/// `image_delete NAME`: the items of ImageDelete. Env `force`, `noprune` (booleans), `platforms` (a
/// list of at most one, JSON).
result<void> add_image_delete_job(engine::job_table& table, const image::image_services& services);

/// `image_prune`: ImagePrune. Env `filters`. One at a time.
result<void> add_image_prune_job(engine::job_table& table, const image::image_services& services);

} // namespace gantry::jobs
