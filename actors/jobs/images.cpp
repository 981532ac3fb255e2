#include "actors/engine/engine_actor.hpp"
#include "actors/image/image_services.hpp"
#include "actors/jobs/image_arguments.hpp"
#include "actors/jobs/image_builtins.hpp"
#include "actors/jobs/image_json.hpp"
#include "protocol/api/filters.hpp"

#include <boost/json/value.hpp>

#include <utility>

namespace gantry::jobs {

namespace {

std::vector<std::string> all_of(const api::filters& wanted, std::string_view key) {
  auto values = wanted.values(key);
  return {values.begin(), values.end()};
}

result<store::list_filter> read_list_filter(const job::env& environment, api::timestamp now) {
  auto wanted = api::filters::parse(environment.get("filters"));
  if (!wanted)
    return wanted.error();
  auto dangling = wanted->boolean("dangling");
  if (!dangling)
    return dangling.error();
  store::list_filter filter;
  filter.all = environment.get_bool("all");
  filter.dangling = *dangling;
  filter.labels = all_of(*wanted, "label");
  filter.before = all_of(*wanted, "before");
  filter.since = all_of(*wanted, "since");
  filter.references = all_of(*wanted, "reference");
  for (const auto& text : wanted->values("until")) {
    auto until = read_until(text, now);
    if (!until)
      return until.error();
    filter.until.push_back(*until);
  }
  return filter;
}

result<boost::json::array> rows(const job::env& environment,
                                const image::image_services& services) {
  auto filter = read_list_filter(environment, services.time());
  if (!filter)
    return filter.error();
  auto catalog = services.catalog->get();
  auto listed = store::list_images(*catalog, *filter);
  if (!listed)
    return listed.error();
  summary_counts counts;
  counts.shared_size = environment.get_bool("shared-size");
  boost::json::array all;
  all.reserve(listed->size());
  for (const auto& item : *listed)
    all.push_back(image_summary(item, counts));
  return all;
}

} // namespace

result<void> add_images_job(engine::job_table& table, const image::image_services& services) {
  return table.add("images", engine::job_function{[services](engine::job_run& run) {
                     auto all = rows(run.environment(), services);
                     if (!all)
                       return run.fail(all.error());
                     run.succeed(boost::json::value(std::move(*all)));
                   }});
}

} // namespace gantry::jobs
