#include "actors/jobs/pool_job.hpp"

#include "actors/runtime/worker_pool.hpp"

#include <memory>
#include <utility>

namespace gantry::jobs {

engine::job_handler pool_job(runtime::worker_pool& pool, blocking_work work) {
  auto shared = std::make_shared<const blocking_work>(std::move(work));
  return awaited_job(
      "the worker pool",
      [pool = &pool, shared](const job::request& asked, tell_outcome tell) -> result<void> {
        auto run = [shared, asked, tell = std::move(tell)] { tell((*shared)(asked)); };
        if (!pool->submit(job::call_string(asked), std::move(run)))
          return pool_is_full(asked.name);
        return {};
      });
}

api_error pool_is_full(const std::string& job) {
  return {errc::unavailable, job + ": too much work is waiting; try again later"};
}

} // namespace gantry::jobs
