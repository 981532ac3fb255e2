#include "actors/image/import_image.hpp"
#include "actors/jobs/image_arguments.hpp"
#include "actors/jobs/image_transfer.hpp"

namespace gantry::jobs {

namespace {

result<job_output> import(const job::request& request, job_streams& streams,
                          const image::image_services& services) {
  const auto& environment = request.environment;
  image::import_request wanted;
  wanted.source = environment.get("fromSrc");
  wanted.repository = environment.get("repo");
  wanted.tag = environment.get("tag");
  wanted.message = environment.get("message");
  wanted.changes = environment.get_list("changes");
  wanted.platform = environment.get("platform");
  wanted.bare_id = asks_as_1_2(environment);

  job_transfer transfer{streams};
  auto imported = image::import_image(wanted, transfer.streams(), services);
  if (imported)
    return job_output{};
  if (streams.cancelled() || !transfer.has_written())
    return imported.error();
  return transfer.end_with(imported.error());
}

} // namespace

result<void> add_image_import_job(engine::job_table& table, const image::image_services& services) {
  return table.add("image_import",
                   stream_job(*services.streams, "application/json",
                              [services](const job::request& request, job_streams& streams) {
                                return import(request, streams, services);
                              }));
}

} // namespace gantry::jobs
