#include "actors/containers/container_services.hpp"
#include "actors/engine/engine_actor.hpp"
#include "actors/jobs/container_lookup.hpp"
#include "actors/jobs/volume_jobs.hpp"
#include "protocol/volume/volume_filter.hpp"

#include <boost/json/array.hpp>

#include <utility>

namespace gantry::jobs {

namespace {

result<boost::json::array> listed_volumes(const volumes::shared_volumes& all,
                                          const job::env& environment) {
  auto filters = api::filters::parse(environment.get("filters"));
  if (!filters)
    return filters.error();
  const auto filter = volume::list_filter::read(std::move(*filters));
  if (!filter)
    return filter.error();
  boost::json::array shown;
  for (const auto& one : *all.all())
    if (filter->matches(one->record, !one->users.empty()))
      shown.push_back(volume::shown_volume(one->record, one->directory));
  return shown;
}

void list_volumes(engine::job_run& run, const volumes::shared_volumes& all) {
  auto shown = listed_volumes(all, run.environment());
  if (!shown)
    return run.fail(shown.error());
  run.succeed(boost::json::value(std::move(*shown)));
}

void inspect_volume(engine::job_run& run, const volumes::shared_volumes& all) {
  auto name = only_argument({run.name(), run.args(), run.environment()});
  if (!name)
    return run.fail(name.error());
  const auto found = all.find(*name);
  if (!found)
    return run.fail(volume::no_such_volume(*name));
  run.succeed(boost::json::value(volume::shown_volume(found->record, found->directory)));
}

} // namespace

result<void> add_volume_list_jobs(engine::job_table& table,
                                  const containers::container_services& services) {
  const auto add = [&](const char* name, auto work) {
    return table.add(name, engine::job_function{[work, all = services.volumes.all](
                                                    engine::job_run& run) { work(run, *all); }});
  };
  if (auto added = add("volumes", list_volumes); !added)
    return added;
  return add("volume_inspect", inspect_volume);
}

result<void> add_volume_jobs(engine::job_table& table,
                             const containers::container_services& services) {
  for (auto add :
       {add_volume_list_jobs, add_volume_change_jobs, add_volume_prune_job, add_disk_usage_job})
    if (auto added = add(table, services); !added)
      return added;
  return {};
}

} // namespace gantry::jobs
