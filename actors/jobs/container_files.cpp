#include "actors/jobs/container_files.hpp"

#include "actors/containers/container_event.hpp"
#include "actors/containers/container_services.hpp"
#include "actors/containers/kept_layers.hpp"

#include <utility>

namespace gantry::jobs {

result<containers::files_of_container> files_of(const containers::container_services& services,
                                                const containers::published_container& container) {
  const auto& view = container.view;
  static const std::vector<std::string> none;
  auto layers = containers::kept_layers(*services.images.layers, view.layers ? *view.layers : none);
  if (!layers)
    return layers.error();
  return containers::files_of_container{paths_of(services, view.id), std::move(*layers), view};
}

result<void> check_not_gone(const container::container_view& view, const std::string& verb) {
  const auto status = view.state.status;
  const bool dead = status == container::container_status::dead;
  if (!dead && status != container::container_status::removing)
    return {};
  return api_error{errc::conflict, "You cannot " + verb + " container " + view.id +
                                       (dead ? " which is Dead" : " which is being removed")};
}

void publish_event(const containers::container_services& services,
                   const container::container_view& view, std::string action) {
  services.publish(containers::event_of(view, std::move(action)));
}

result<job_output> write_tar(containers::tree_tar& tar, job_streams& streams) {
  for (;;) {
    const auto piece = tar.next();
    if (!piece)
      return piece.error();
    if (piece->empty())
      return job_output{};
    if (auto written = streams.write(*piece); !written)
      return written.error();
  }
}

} // namespace gantry::jobs
