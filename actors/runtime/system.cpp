#include "actors/runtime/system.hpp"

#include <sched.h>

#include <algorithm>

namespace gantry::runtime {

std::size_t default_threads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0)
    return 2;
  return static_cast<std::size_t>(std::clamp(CPU_COUNT(&set), 1, 8));
}

system_config::system_config(system_options options) : options(options) {
  module_factories.push_back([](caf::actor_system& sys) -> caf::actor_system::module* {
    return new scheduler(sys); // the actor system owns its modules
  });
}

} // namespace gantry::runtime
