#include "app/supervisor.hpp"

#include "actors/core/limits.hpp"
#include "actors/host/startup_memory.hpp"
#include "actors/runtime/log.hpp"

#include <utility>

namespace gantry::app {

void supervisor_state::init(supervisor_actor::stateful_pointer<supervisor_state> me,
                            core::engine_actor with, events::hub_actor hub, job::request serveapi,
                            end_notifier on_end) {
  self_ = me;
  engine_ = std::move(with);
  hub_ = std::move(hub);
  on_end_ = std::move(on_end);
  start(std::move(serveapi), serveapi_);
}

void supervisor_state::start(job::request what, core::request_id& id) {
  id = core::next_request_id();
  core::run_job run;
  run.id = id;
  run.what = std::move(what);
  run.client = core::to_ptr(self_);
  caf::anon_send(engine_, std::move(run));
}

void supervisor_state::on_booted(const booted& b) {
  if (!b.error.empty())
    return end(b.error);
  booted_ = true;
  accept_if_ready();
}

void supervisor_state::on_listening(core::request_id id) {
  if (id != serveapi_)
    return;
  listening_ = true;
  accept_if_ready();
}

void supervisor_state::accept_if_ready() {
  if (!listening_ || !booted_ || acceptconnections_ != 0)
    return;
  job::request accept;
  accept.name = "acceptconnections";
  start(std::move(accept), acceptconnections_);
}

void supervisor_state::on_stop(stop_daemon& stop) {
  events::tell(hub_, std::move(stop.last_words));
  // When this is answered the event is on its way to everybody, ahead of the end of their jobs.
  auto go_on = [this] { caf::anon_send(engine_, core::shutdown_engine{}); };
  self_->request(hub_, limits::local_request, events::count_subscribers{})
      .then([go_on](std::uint64_t) { go_on(); }, [go_on](const caf::error&) { go_on(); });
}

void supervisor_state::on_done(const core::job_done& done) {
  auto failed = done.reply->status != job::status_ok;
  if (done.id == acceptconnections_) {
    if (failed)
      return end(done.reply->error);
    host::release_startup_memory();
    log::write(log::level::info, "daemon", "Daemon has completed initialization");
  } else if (done.id == serveapi_) {
    end(failed ? done.reply->error : std::string{});
  }
}

void supervisor_state::end(const std::string& error) {
  if (!std::exchange(ended_, true))
    on_end_(error);
}

supervisor_actor::behavior_type
run_supervisor(supervisor_actor::stateful_pointer<supervisor_state> self, core::engine_actor engine,
               events::hub_actor hub, job::request serveapi, end_notifier on_end) {
  self->state.init(self, std::move(engine), std::move(hub), std::move(serveapi), std::move(on_end));
  return {
      [self](const core::job_done& done) { self->state.on_done(done); },
      [self](const core::job_stream_begun& begun) { self->state.on_listening(begun.id); },
      [](const core::job_output&) {},
      [](const core::job_wants_input& wanted) {
        core::tell(wanted.job, core::job_input{{}, true, {}});
      },
      [](const core::job_takes_socket& wanted) { core::tell(wanted.job, core::job_socket{}); },
      [self](const booted& b) { self->state.on_booted(b); },
      [self](stop_daemon& stop) { self->state.on_stop(stop); },
      [](core::describe) { return core::facts{}; },
  };
}

} // namespace gantry::app
