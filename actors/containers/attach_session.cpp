#include "actors/containers/attach_session.hpp"

#include "actors/containers/attach_session_state.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/request.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace gantry::containers {

const char* to_string(attach_end how) noexcept {
  switch (how) {
  case attach_end::exited:
    return "exited";
  case attach_end::detached:
    return "detached";
  case attach_end::client_gone:
    return "client gone";
  case attach_end::ended:
    return "ended";
  case attach_end::failed:
    break;
  }
  return "failed";
}

// -- beginning and end ----------------------------------------------------------

attach_session_state::~attach_session_state() {
  if (!self_)
    return;
  link_.close();
  given_.client.stream->cancel();
  answer_attach(api_error{errc::conflict, "the session has ended"});
  tell_owner();
}

void attach_session_state::init(attach_session_actor::stateful_pointer<attach_session_state> me,
                                attach_setup given) {
  self_ = me;
  given_ = std::move(given);
  const auto& options = given_.options;
  if (options.out || options.err)
    output_.begin(given_.streams, self_->id(), "attach output", runtime::current_request,
                  output_credit());
  if (options.in)
    typed_.begin(given_.streams, self_->id(), "attach input", runtime::current_request, 0);
  if (options.tty)
    keys_ = container::detach_key_filter{options.detach_keys};
  if (options.logs && (options.out || options.err)) {
    logs::log_query query;
    query.follow = options.stream;
    log_format format;
    format.out = options.out;
    format.err = options.err;
    log_ = std::make_shared<log_slices>(given_.log, query, format);
    phase_ = phase::replaying;
  } else {
    after_log();
  }
  take_input(std::exchange(given_.client.already_read, {}));
  go_on();
}

/// What follows from where things stand.
void attach_session_state::go_on() {
  send_input();
  read_client();
  write_batch();
  if (wants_slice() && !ask_for_slice())
    write_batch(); // what it says about that
  if (phase_ == phase::flushing && unsent() == 0)
    on_flushed();
  if (!paused_ && phase_ == phase::live && unsent() > limits::attach_ahead) {
    paused_ = true;
    link_.pause();
  } else if (paused_ && (phase_ == phase::leaving ||
                         (phase_ == phase::live && unsent() <= limits::attach_ahead / 2))) {
    paused_ = false;
    link_.resume();
  }
}

void attach_session_state::fail(const api_error& why) {
  error_ = why.message;
  put(stream::channel::system_error, why.message + (given_.options.tty ? "\r\n" : "\n"));
  finish(attach_end::failed);
}

/// Nothing more comes from the process; what is there is written.
void attach_session_state::finish(attach_end how) {
  if (phase_ >= phase::flushing)
    return;
  how_ = how;
  phase_ = phase::flushing;
  link_.close();
  answer_attach(api_error{errc::conflict, "the session has ended"});
  if (!last_words_.empty())
    put(stream::channel::standard_output, last_words_);
  given_.format->end(batch_);
  expect_within(limits::write_stall);
}

void attach_session_state::tell_owner() {
  if (!std::exchange(owner_told_, true))
    core::tell(given_.owner, attach_ended{self_->id(), how_, error_});
}

void attach_session_state::on_flushed() {
  given_.client.stream->end_writing();
  tell_owner();
  if (deaf_ || input_over_)
    return end_now();
  // Closing while bytes of the client lie unread would take away from it what it has not read.
  phase_ = phase::lingering;
  expect_within(limits::linger);
  read_client();
}

void attach_session_state::end_now() {
  phase_ = phase::over;
  self_->quit();
}

void attach_session_state::on_end_attach(const end_attach& how) {
  if (phase_ < phase::leaving)
    last_words_ = how.text;
  if (phase_ == phase::confirming)
    finish(how_);
  else
    leave(attach_end::ended);
  go_on();
}

// -- time -----------------------------------------------------------------------

void attach_session_state::expect_within(caf::timespan limit) {
  const auto now = self_->clock().now();
  deadline_ = now + limit;
  arm_tick(now);
}

/// The timer is left alone if it comes early enough: it looks at the deadline when it fires.
void attach_session_state::arm_tick(time_point now) {
  if (deadline_ >= tick_at_)
    return;
  tick_at_ = deadline_;
  caf::delayed_anon_send(attach_session_actor{self_},
                         std::chrono::duration_cast<caf::timespan>(tick_at_ - now),
                         core::io_ready{core::readiness::again});
}

void attach_session_state::on_time() {
  const auto now = self_->clock().now();
  if (tick_at_ <= now)
    tick_at_ = time_point::max();
  if (now < deadline_)
    return deadline_ == time_point::max() ? void() : arm_tick(now);
  deadline_ = time_point::max();
  if (phase_ == phase::confirming)
    finish(how_);
  else if (phase_ == phase::lingering)
    end_now();
  else if (phase_ == phase::flushing) {
    how_ = attach_end::client_gone;
    end_now();
  }
}

// -- the actor ------------------------------------------------------------------

core::facts attach_session_state::describe() const {
  constexpr const char* phases[] = {"showing the log", "waiting for a monitor",
                                    "attaching",       "showing the log up to now",
                                    "attached",        "waiting for its owner",
                                    "detaching",       "waiting for the client",
                                    "closing",         "closed"};
  return {{{"phase", phases[static_cast<int>(phase_)]},
           {"monitor", given_.control_socket},
           {"bytes to the process", std::to_string(bytes_in_)},
           {"bytes to the client", std::to_string(bytes_out_)},
           {"bytes lost", std::to_string(bytes_lost_)},
           {"bytes not written", std::to_string(unsent())},
           {"input credit", std::to_string(credit_)}}};
}

namespace {

attach_session_actor::behavior_type
run_attach_session(attach_session_actor::stateful_pointer<attach_session_state> self,
                   attach_setup setup) {
  self->state.init(self, std::move(setup));
  return {
      [self](const attach_monitor& to) { return self->state.on_attach_monitor(to); },
      [self](const end_attach& how) { self->state.on_end_attach(how); },
      [self](const core::io_ready& ready) { self->state.on_ready(ready); },
      [self](const log_slice_read& read) { self->state.on_slice(read); },
      [self](core::describe) { return self->state.describe(); },
  };
}

} // namespace

attach_session_actor start_attach_session(caf::actor_system& sys, attach_setup setup) {
  return runtime::spawn(sys, run_attach_session, std::move(setup));
}

} // namespace gantry::containers
