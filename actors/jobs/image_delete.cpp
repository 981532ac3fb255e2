#include "actors/jobs/image_arguments.hpp"
#include "actors/jobs/image_builtins.hpp"
#include "actors/jobs/image_changes.hpp"
#include "actors/jobs/image_json.hpp"
#include "actors/store/image_store.hpp"

#include <boost/json/value.hpp>

#include <utility>

namespace gantry::jobs {

namespace {

/// What is to go, and how.
struct removal {
  std::string name;
  store::removal_options options;
  std::string platform; ///< JSON; "": any
  bool legacy = false;
};

result<store::removal_outcome> remove(store::image_store& images, const removal& wanted,
                                      const store::users_of_image& users) {
  if (!wanted.platform.empty())
    if (auto found = images.catalog()->resolve(wanted.name))
      if (auto fits = check_platform(*found->what, wanted.name, wanted.platform); !fits)
        return fits.error();
  return images.remove_image(wanted.name, wanted.options, users);
}

result<changed_images> change(store::image_store& images, const removal& wanted,
                              const store::users_of_image& users) {
  auto outcome = remove(images, wanted, users);
  if (!outcome)
    return wanted.legacy ? error_of_1_2(outcome.error(), wanted.name) : outcome.error();
  return changed_images{boost::json::value(removal_items(outcome->records)),
                        std::move(outcome->events), std::move(outcome->warnings)};
}

result<image_change> plan_deletion(const job::request& asked, const store::users_of_image& users) {
  if (asked.args.size() != 1)
    return api_error{errc::invalid_parameter, "usage: image_delete NAME"};
  auto platforms = asked.environment.get_list("platforms");
  if (platforms.size() > 1)
    return api_error{errc::invalid_parameter, "multiple platforms are not supported"};
  removal wanted;
  wanted.name = asked.args.front();
  wanted.options.force = asked.environment.get_bool("force");
  wanted.options.no_prune = asked.environment.get_bool("noprune");
  wanted.legacy = asks_as_1_2(asked.environment);
  if (!platforms.empty())
    wanted.platform = std::move(platforms.front());
  return image_change{
      [wanted, users](store::image_store& images) { return change(images, wanted, users); }};
}

} // namespace

result<void> add_image_delete_job(engine::job_table& table, const image::image_services& services) {
  return table.add("image_delete",
                   image_change_job(services, [users = services.users](const job::request& asked) {
                     return plan_deletion(asked, users);
                   }));
}

} // namespace gantry::jobs
