#include "actors/image/save_archive.hpp"
#include "actors/jobs/image_transfer.hpp"
#include "protocol/api/platform.hpp"

namespace gantry::jobs {

namespace {

result<job_output> save(const job::request& request, job_streams& streams,
                        const image::image_services& services) {
  auto platform = api::only_platform(request.environment.get_list("platforms"), services.host);
  if (!platform)
    return platform.error();
  job_transfer transfer{streams};
  auto saved =
      image::save_archive({request.args, std::move(*platform)}, transfer.streams(), services);
  if (!saved)
    return saved.error(); // after the first byte that breaks the answer off
  return job_output{};
}

} // namespace

result<void> add_image_save_job(engine::job_table& table, const image::image_services& services) {
  return table.add("image_save",
                   stream_job(*services.streams, "application/x-tar",
                              [services](const job::request& request, job_streams& streams) {
                                return save(request, streams, services);
                              }));
}

} // namespace gantry::jobs
