#include "actors/jobs/container_lookup.hpp"

#include "actors/containers/container_files.hpp"
#include "actors/containers/container_services.hpp"

namespace gantry::jobs {

result<std::string> only_argument(const job::request& asked) {
  if (asked.args.size() != 1)
    return api_error{errc::invalid_parameter, "usage: " + asked.name + " NAME"};
  return asked.args.front();
}

result<containers::published_ptr> named_container(const containers::shared_containers& all,
                                                  const job::request& asked) {
  auto name = only_argument(asked);
  if (!name)
    return name.error();
  return all.find(*name);
}

api::api_version version_asked(const job::env& environment) {
  const auto& text = environment.get("version");
  return text.empty() ? api::newest_version : api::parse_version(text);
}

containers::container_paths paths_of(const containers::container_services& services,
                                     const std::string& id) {
  return {services.data_root, services.exec_root, id};
}

api_error failure_of(const containers::shared_containers& all, const std::string& id,
                     const std::string& name, api_error why) {
  if (why.kind == errc::unavailable && !all.actor_of(id))
    return {errc::not_found, "No such container: " + name};
  return why;
}

result<container::container_sizes>
container_sizes_blocking(const containers::container_services& services,
                         const container::container_view& view) {
  std::uint64_t image_size = 0; // of an image that has gone nothing is known
  auto catalog = services.images.catalog->get();
  if (auto id = oci::digest::parse(view.image_id))
    if (const auto* image = catalog->find(*id))
      image_size = image->size;
  return containers::measure_container_blocking(paths_of(services, view.id),
                                                services.images.layers->driver(), image_size);
}

} // namespace gantry::jobs
