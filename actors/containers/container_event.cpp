#include "actors/containers/container_event.hpp"

#include "protocol/container/container_view.hpp"

#include <utility>

namespace gantry::containers {

api::event event_of(const container::container_view& view, std::string action) {
  api::event e;
  e.type = "container";
  e.action = std::move(action);
  e.actor = view.id;
  if (view.config->labels)
    e.attributes.insert(view.config->labels->begin(), view.config->labels->end());
  e.attributes.insert_or_assign("image", view.config->image);
  e.attributes.insert_or_assign("name", view.name.substr(view.name.starts_with('/') ? 1 : 0));
  return e;
}

} // namespace gantry::containers
