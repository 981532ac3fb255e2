#include "actors/jobs/container_jobs.hpp"

namespace gantry::jobs {

result<void> add_container_jobs(engine::job_table& table,
                                const containers::container_services& services) {
  for (auto add : {add_containers_job, add_container_inspect_job, add_container_life_jobs,
                   add_container_change_jobs, add_container_prune_job, add_container_top_job,
                   add_container_logs_job, add_container_attach_job, add_container_archive_jobs,
                   add_container_export_job, add_container_changes_job, add_container_commit_job,
                   add_exec_jobs, add_exec_start_job, add_container_stats_job})
    if (auto added = add(table, services); !added)
      return added;
  return {};
}

} // namespace gantry::jobs
