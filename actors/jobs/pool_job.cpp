#include "actors/jobs/pool_job.hpp"

#include "actors/runtime/actor.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <utility>

namespace gantry::jobs {

/// INTERNAL: what the work returned.
struct work_done {
  std::shared_ptr<result<job_output>> outcome;
};

} // namespace gantry::jobs

GANTRY_LOCAL_MESSAGE(gantry::jobs::work_done)

namespace gantry::jobs {

namespace {

using pool_job_actor = core::job_actor::extend<caf::reacts_to<work_done>>;

struct pool_job_state {
  static inline const char* name = "pool-job";
  pool_job_state() = default;

  void end(result<job_output> outcome) {
    if (outcome)
      run.succeed(std::move(*outcome));
    else
      run.fail(outcome.error());
    self->quit();
  }

  pool_job_actor::pointer self = nullptr;
  engine::job_run run;
};

pool_job_actor::behavior_type run_pool_job(pool_job_actor::stateful_pointer<pool_job_state> self,
                                           const std::shared_ptr<engine::job_run>& asked,
                                           runtime::worker_pool* pool,
                                           const std::shared_ptr<const blocking_work>& work) {
  auto& state = self->state;
  state.self = self;
  state.run = std::move(*asked);
  const auto& run = state.run;
  job::request what{run.name(), run.args(), run.environment()};
  auto label = job::call_string(what);
  auto queued = pool->ask(label, pool_job_actor{self}, [work, what = std::move(what)] {
    return work_done{std::make_shared<result<job_output>>((*work)(what))};
  });
  if (!queued)
    state.end(pool_is_full(run.name()));
  return {
      [self](const core::job_cancel& cancel) {
        auto& s = self->state;
        s.end(api_error{errc::unavailable, s.run.name() + ": " + cancel.reason});
      },
      [](const core::job_credit&) {},
      [](core::job_input&) {},
      [](core::job_socket&) {},
      [](core::describe) {
        return core::facts{{{"waits for", "the worker pool"}}};
      },
      [self](const work_done& done) { self->state.end(std::move(*done.outcome)); },
  };
}

} // namespace

engine::job_handler pool_job(runtime::worker_pool& pool, blocking_work work) {
  auto shared = std::make_shared<const blocking_work>(std::move(work));
  return [pool = &pool, shared](caf::local_actor* engine, engine::job_run run) {
    return runtime::spawn(engine, run_pool_job, std::make_shared<engine::job_run>(std::move(run)),
                          pool, shared);
  };
}

api_error pool_is_full(const std::string& job) {
  return {errc::unavailable, job + ": too much work is waiting; try again later"};
}

} // namespace gantry::jobs
