#include "actors/jobs/builtins.hpp"

namespace gantry::jobs {

result<void> add_builtin_jobs(engine::job_table& table, const builtin_services& services) {
  if (auto added = add_system_jobs(table, services); !added)
    return added;
  if (auto added = add_object_jobs(table); !added)
    return added;
  if (auto added = add_debug_jobs(table, services); !added)
    return added;
  return add_events_jobs(table, services.hub);
}

} // namespace gantry::jobs
