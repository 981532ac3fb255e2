#include "actors/engine/engine_actor.hpp"

#include "actors/runtime/actor.hpp"
#include "actors/runtime/log.hpp"

#include <exception>
#include <memory>
#include <utility>

namespace gantry::engine {

namespace {

/// A job that ends in the handler in which it starts.
struct function_job_state {
  static inline const char* name = "job";
  function_job_state() = default;
};

/// What comes for a job that has ended is dropped. One for all: it has no state.
const core::job_actor::behavior_type& deaf() {
  static const core::job_actor::behavior_type behavior{
      [](const core::job_cancel&) {}, [](const core::job_credit&) {}, [](core::job_input&) {},
      [](core::job_socket&) {}, [](core::describe) { return core::facts{}; }};
  return behavior;
}

core::job_actor::behavior_type
run_function_job(core::job_actor::stateful_pointer<function_job_state> self,
                 const std::shared_ptr<job_run>& run,
                 const std::shared_ptr<const job_function>& f) {
  // NOTE: caught here, because CAF would keep `run`, and with it the client waiting, for as long as
  // there is a handle to the actor.
  try {
    (*f)(*run);
  } catch (const std::exception& x) {
    log::write(log::level::error, "job", "a function threw",
               {{"job", run->name()}, {"error", x.what()}, {"request", run->id()}});
  }
  // A function that has not ended its run has a bug; the end of the run says so to the client.
  *run = job_run{};
  self->quit();
  return deaf();
}

} // namespace

job_handler function_job(job_function function) {
  auto shared = std::make_shared<const job_function>(std::move(function));
  return [shared](caf::local_actor* engine, job_run run) -> core::job_actor {
    return runtime::spawn(engine, run_function_job, std::make_shared<job_run>(std::move(run)),
                          shared);
  };
}

} // namespace gantry::engine
