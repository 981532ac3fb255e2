#include "app/daemon_event.hpp"

#include <unistd.h>

#include <climits>
#include <utility>

namespace gantry::app {

api::event daemon_event(std::string action, std::string id,
                        std::map<std::string, std::string, std::less<>> attributes) {
  api::event e;
  e.type = "daemon";
  e.action = std::move(action);
  e.actor = std::move(id);
  e.attributes = std::move(attributes);
  char name[HOST_NAME_MAX + 1] = {};
  if (::gethostname(name, HOST_NAME_MAX) == 0)
    e.attributes.insert_or_assign("name", name);
  return e;
}

} // namespace gantry::app
