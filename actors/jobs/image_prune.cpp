#include "actors/jobs/image_arguments.hpp"
#include "actors/jobs/image_builtins.hpp"
#include "actors/jobs/image_changes.hpp"
#include "actors/jobs/image_json.hpp"
#include "actors/jobs/prune_turn.hpp"
#include "actors/store/image_store.hpp"
#include "protocol/api/filters.hpp"

#include <boost/json/value.hpp>

#include <utility>

namespace gantry::jobs {

namespace {

result<store::prune_filter> read_prune_filter(const job::env& environment, api::timestamp now) {
  auto wanted = api::filters::parse(environment.get("filters"));
  if (!wanted)
    return wanted.error();
  auto dangling = wanted->boolean("dangling");
  if (!dangling)
    return dangling.error();
  store::prune_filter filter;
  filter.dangling = dangling->value_or(true);
  auto labels = wanted->values("label");
  filter.labels.assign(labels.begin(), labels.end());
  auto excluded = wanted->values("label!");
  filter.not_labels.assign(excluded.begin(), excluded.end());
  auto untils = wanted->values("until");
  if (untils.size() > 1)
    return api_error{errc::invalid_parameter, "more than one until filter specified"};
  if (untils.empty())
    return filter;
  auto until = read_until(untils.front(), now);
  if (!until)
    return until.error();
  filter.until = *until;
  return filter;
}

result<changed_images> prune(store::image_store& images, const store::prune_filter& filter,
                             const store::users_of_image& users) {
  auto outcome = images.prune(filter, users);
  if (!outcome)
    return outcome.error();
  auto items = removal_items(outcome->records);
  boost::json::object report;
  report.emplace("ImagesDeleted",
                 items.empty() ? boost::json::value{} : boost::json::value(std::move(items)));
  report.emplace("SpaceReclaimed", outcome->reclaimed);
  return changed_images{boost::json::value(std::move(report)), std::move(outcome->events),
                        std::move(outcome->warnings)};
}

} // namespace

result<void> add_image_prune_job(engine::job_table& table, const image::image_services& services) {
  auto plan = [services, place = prune_turn::make_place()](
                  const job::request& asked) -> result<image_change> {
    auto filter = read_prune_filter(asked.environment, services.time());
    if (!filter)
      return filter.error();
    auto turn = prune_turn::take(place);
    if (!turn)
      return turn.error();
    return image_change{[filter = std::move(*filter), users = services.users,
                         turn = std::move(*turn)](store::image_store& images) mutable {
      // Over before it is answered, so that who prunes twice in a row may.
      auto mine = std::move(turn);
      return prune(images, filter, users);
    }};
  };
  return table.add("image_prune", image_change_job(services, plan));
}

} // namespace gantry::jobs
