#include "actors/image/load_archive.hpp"
#include "actors/jobs/image_arguments.hpp"
#include "actors/jobs/image_transfer.hpp"
#include "protocol/api/platform.hpp"

namespace gantry::jobs {

namespace {

result<job_output> load(const job::request& request, job_streams& streams,
                        const image::image_services& services) {
  const auto& environment = request.environment;
  image::load_request wanted;
  wanted.quiet = !environment.exists("quiet") || environment.get_bool("quiet");
  auto platform = api::only_platform(environment.get_list("platforms"), services.host);
  if (!platform)
    return platform.error();
  wanted.wanted = std::move(*platform);

  job_transfer transfer{streams};
  auto io = transfer.streams();
  const bool silent = asks_as_1_2(environment);
  if (silent)
    io.write = [](std::string_view) { return result<void>{}; };
  auto loaded = image::load_archive(wanted, io, services);
  if (loaded)
    return job_output{};
  if (silent || streams.cancelled())
    return loaded.error();
  return transfer.end_with(loaded.error());
}

} // namespace

result<void> add_image_load_job(engine::job_table& table, const image::image_services& services) {
  return table.add("image_load",
                   stream_job(*services.streams, "application/json",
                              [services](const job::request& request, job_streams& streams) {
                                return load(request, streams, services);
                              }));
}

} // namespace gantry::jobs
