#include "actors/containers/container_services.hpp"
#include "actors/containers/files/tree_changes.hpp"
#include "actors/containers/root_files.hpp"
#include "actors/engine/engine_actor.hpp"
#include "actors/jobs/container_files.hpp"
#include "actors/jobs/container_jobs.hpp"
#include "actors/jobs/pool_job.hpp"

namespace gantry::jobs {

namespace {

using containers::container_services;

result<job_output> list_changes(const container_services& services, const job::request& asked) {
  auto container = named_container(*services.all, asked);
  if (!container)
    return container.error();
  auto files = files_of(services, **container);
  if (!files)
    return files.error();
  auto lower = containers::lower_tree_blocking(*files);
  if (!lower)
    return lower.error();
  auto upper = containers::open_root(files->paths.upper());
  if (!upper)
    return api_error{errc::system, upper.error().message};
  auto changes = containers::tree_changes_blocking(upper->fd(), lower->root());
  if (!changes)
    return api_error{errc::system, changes.error().message};
  return job_output{container::to_value(*changes)};
}

} // namespace

result<void> add_container_changes_job(engine::job_table& table,
                                       const container_services& services) {
  return table.add("container_changes",
                   pool_job(*services.pool, [services](const job::request& asked) {
                     return list_changes(services, asked);
                   }));
}

} // namespace gantry::jobs
