#include "actors/containers/container_services.hpp"
#include "actors/jobs/awaited_job.hpp"
#include "actors/jobs/container_lookup.hpp"
#include "actors/jobs/volume_jobs.hpp"
#include "protocol/volume/volume_request.hpp"

#include <boost/json/value.hpp>

#include <utility>

namespace gantry::jobs {

namespace {

using volumes::volume_services;

result<void> create_volume(const volume_services& services, const job::request& asked,
                           const tell_outcome& tell) {
  auto wanted = volume::parse_volume_request(asked.environment.get("body"));
  if (!wanted)
    return wanted.error();
  auto request = std::make_shared<volumes::use_volumes>();
  request->wanted.push_back({std::move(*wanted)});
  request->answer = {
      "the volumes", [tell](const result<volumes::volume_list>& made) {
        if (!made)
          return tell(made.error());
        const auto& one = *made->front();
        tell(job_output{boost::json::value(volume::shown_volume(one.record, one.directory))});
      }};
  caf::anon_send(services.actor, std::move(request));
  return {};
}

result<void> remove_volume(const volume_services& services, const job::request& asked,
                           const tell_outcome& tell) {
  auto name = only_argument(asked);
  if (!name)
    return name.error();
  auto request = std::make_shared<volumes::remove_volume>();
  request->name = std::move(*name);
  const bool force = asked.environment.get_bool("force");
  request->answer = {"the volumes", [tell, force](const result<void>& how) {
                       if (how || (force && how.error().kind == errc::not_found))
                         return tell(job_output{});
                       tell(how.error());
                     }};
  caf::anon_send(services.actor, std::move(request));
  return {};
}

} // namespace

result<void> add_volume_change_jobs(engine::job_table& table,
                                    const containers::container_services& services) {
  const auto add = [&](const char* name, auto work) {
    return table.add(
        name, awaited_job("the volumes", [work, volumes = services.volumes](
                                             const job::request& asked, const tell_outcome& tell) {
          return work(volumes, asked, tell);
        }));
  };
  if (auto added = add("volume_create", create_volume); !added)
    return added;
  return add("volume_remove", remove_volume);
}

} // namespace gantry::jobs
