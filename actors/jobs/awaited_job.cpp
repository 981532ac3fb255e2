#include "actors/jobs/awaited_job.hpp"

#include "actors/runtime/actor.hpp"

#include <memory>
#include <utility>

namespace gantry::jobs {

/// INTERNAL: the work is over.
struct work_over {
  std::shared_ptr<result<job_output>> outcome;
};

} // namespace gantry::jobs

GANTRY_LOCAL_MESSAGE(gantry::jobs::work_over)

namespace gantry::jobs {

namespace {

using awaited_job_actor = core::job_actor::extend<caf::reacts_to<work_over>>;

/// How all jobs of one name are run.
struct awaited_work {
  std::string whom;
  start_work start;
};

struct awaited_job_state {
  static inline const char* name = "awaited-job";
  awaited_job_state() = default;

  void end(result<job_output> outcome) {
    if (outcome)
      run.succeed(std::move(*outcome));
    else
      run.fail(outcome.error());
    self->quit();
  }

  awaited_job_actor::pointer self = nullptr;
  engine::job_run run;
};

awaited_job_actor::behavior_type
run_awaited_job(awaited_job_actor::stateful_pointer<awaited_job_state> self,
                const std::shared_ptr<engine::job_run>& asked,
                const std::shared_ptr<const awaited_work>& work) {
  auto& state = self->state;
  state.self = self;
  state.run = std::move(*asked);
  const auto& run = state.run;
  auto tell = [me = awaited_job_actor{self}](result<job_output> outcome) {
    caf::anon_send(me, work_over{std::make_shared<result<job_output>>(std::move(outcome))});
  };
  if (auto started = work->start({run.name(), run.args(), run.environment()}, tell); !started)
    state.end(started.error());
  return {
      [self](const core::job_cancel& cancel) {
        auto& s = self->state;
        s.end(api_error{errc::unavailable, s.run.name() + ": " + cancel.reason});
      },
      [](const core::job_credit&) {},
      [](core::job_input&) {},
      [](core::job_socket&) {},
      [work](core::describe) {
        return core::facts{{{"waits for", work->whom}}};
      },
      [self](const work_over& over) { self->state.end(std::move(*over.outcome)); },
  };
}

} // namespace

engine::job_handler awaited_job(std::string whom, start_work start) {
  auto work = std::make_shared<const awaited_work>(awaited_work{std::move(whom), std::move(start)});
  return [work](caf::local_actor* engine, engine::job_run run) {
    return runtime::spawn(engine, run_awaited_job,
                          std::make_shared<engine::job_run>(std::move(run)), work);
  };
}

} // namespace gantry::jobs
