#include "actors/containers/container_services.hpp"
#include "actors/engine/engine_actor.hpp"
#include "actors/jobs/container_files.hpp"
#include "actors/jobs/container_jobs.hpp"

namespace gantry::jobs {

namespace {

using containers::container_services;

result<job_output> export_root(const container_services& services, const job::request& asked,
                               job_streams& streams) {
  auto container = named_container(*services.all, asked);
  if (!container)
    return container.error();
  const auto& view = (*container)->view;
  if (auto there = check_not_gone(view, "export"); !there)
    return there.error();
  auto files = files_of(services, **container);
  if (!files)
    return files.error();
  auto root = containers::file_view::open_root_blocking(*files);
  if (!root)
    return root.error();
  publish_event(services, view, "export");
  containers::tree_tar tar{host::duplicate(root->root()), {.top = {}}};
  return write_tar(tar, streams);
}

} // namespace

result<void> add_container_export_job(engine::job_table& table,
                                      const container_services& services) {
  return table.add("container_export",
                   stream_job(*services.images.streams, "application/octet-stream",
                              [services](const job::request& asked, job_streams& streams) {
                                return export_root(services, asked, streams);
                              }));
}

} // namespace gantry::jobs
