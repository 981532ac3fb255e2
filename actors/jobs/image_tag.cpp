#include "actors/jobs/image_arguments.hpp"
#include "actors/jobs/image_builtins.hpp"
#include "actors/jobs/image_changes.hpp"
#include "actors/store/image_store.hpp"

#include <utility>

namespace gantry::jobs {

namespace {

result<changed_images> tag(store::image_store& images, const std::string& source,
                           const oci::reference& name, bool legacy) {
  auto outcome = images.tag(source, name);
  if (!outcome)
    return legacy ? error_of_1_2(outcome.error(), source) : outcome.error();
  changed_images changed;
  auto catalog = images.catalog();
  if (const auto* image = catalog->find(outcome->id))
    changed.events.push_back(store::event_of("tag", *image, name.familiar()));
  return changed;
}

result<image_change> plan_tag(const job::request& asked) {
  if (asked.args.size() != 1)
    return api_error{errc::invalid_parameter, "usage: image_tag NAME"};
  const auto& repository = asked.environment.get("repo");
  auto name = oci::repo_tag_reference(repository, asked.environment.get("tag"));
  if (!name)
    return name.error();
  // NOTE: dockerd 28 takes this for success and does nothing; 20.10 says this.
  if (repository.empty())
    return api_error{errc::invalid_parameter, "invalid reference format"};
  if (auto allowed = oci::check_new_tag(*name); !allowed)
    return allowed.error();
  return image_change{[source = asked.args.front(), name = std::move(*name),
                       legacy = asks_as_1_2(asked.environment)](store::image_store& images) {
    return tag(images, source, name, legacy);
  }};
}

} // namespace

result<void> add_image_tag_job(engine::job_table& table, const image::image_services& services) {
  return table.add("image_tag", image_change_job(services, plan_tag));
}

} // namespace gantry::jobs
