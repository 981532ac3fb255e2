#pragma once

#include "actors/core/errors.hpp"
#include "actors/core/messages.hpp"

#include <caf/actor_cast.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <utility>

namespace gantry::core {

/// Sends to an actor whose interface the sender does not spell out; nothing happens if there is
/// none. Carries no sender, so no error ever comes back.
template <class Message>
void tell(const caf::strong_actor_ptr& to, Message&& message) {
  if (to)
    to->enqueue(caf::make_mailbox_element(nullptr, caf::make_message_id(), {},
                                          std::forward<Message>(message)),
                nullptr);
}

template <class Handle>
caf::strong_actor_ptr to_ptr(const Handle& handle) {
  return caf::actor_cast<caf::strong_actor_ptr>(handle);
}

/// Every actor answers `describe`.
using inspectable_actor = caf::typed_actor<caf::replies_to<describe>::with<facts>>;

/// JOB: one run of one job. Ends by itself; its last words are `job_done` to its client and
/// `job_ended` to the engine, also when it ends by an error.
using job_actor = caf::typed_actor<
    // Ends the job soon, with that reason as its error unless it has something better to say.
    caf::reacts_to<job_cancel>,
    // More output may be sent.
    caf::reacts_to<job_credit>,
    // The piece of standard input that was asked for.
    caf::reacts_to<job_input>,
    // The socket that was asked for.
    caf::reacts_to<job_socket>>::extend_with<inspectable_actor>;

/// Whoever has jobs run for him: a connection, another job, a test.
using job_client_actor =
    caf::typed_actor<caf::reacts_to<job_done>, caf::reacts_to<job_stream_begun>,
                     caf::reacts_to<job_output>, caf::reacts_to<job_wants_input>,
                     caf::reacts_to<job_takes_socket>>;

/// What can be told that the daemon ends; has to answer when it has done what it had to.
using shutdown_hook_actor = caf::typed_actor<caf::replies_to<shutting_down>::with<done>>;

/// INTERNAL: asks for `shutting_down` in phase B.
struct on_shutdown {
  std::string name; ///< for the log
  shutdown_hook_actor hook;
};

/// ENGINE: knows the jobs by name, starts them and keeps count (clauses E, J, S).
using engine_actor = caf::typed_actor<
    // Starts a job; everything else goes to its client. Unknown names end with status 127, and
    // after shutdown began everything ends with `engine is shutdown`.
    caf::reacts_to<run_job>,
    // Ends a job whose client has left; unknown ids are fine.
    caf::reacts_to<cancel_job>,
    // INTERNAL: by a job.
    caf::reacts_to<job_ended>,
    // INTERNAL: by the engine itself, while jobs with a deadline run.
    caf::reacts_to<caf::atom_value>,
    // Registers a callback for phase B; refused (unavailable) once shutdown has begun.
    caf::replies_to<on_shutdown>::with<done>,
    // Runs the shutdown, or waits for the one that runs.
    caf::replies_to<shutdown_engine>::with<done>,
    // The jobs that run now, oldest first.
    caf::replies_to<list_jobs>::with<std::vector<running_job>>>::extend_with<inspectable_actor>;

} // namespace gantry::core

GANTRY_LOCAL_MESSAGE(gantry::core::on_shutdown)
