#include "actors/containers/attach_session.hpp"

#include "actors/containers/attach_session_state.hpp"
#include "actors/runtime/actor.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace gantry::containers {

namespace {

using core::io_status;
using core::readiness;

/// Bytes read from a client in one go.
constexpr std::size_t read_size = std::size_t{128} * 1024;

/// What is not written is kept in its own memory, of which no more than that stays.
constexpr std::size_t kept_capacity = 1024;

/// For the length of one read and what it leads to.
char* read_buffer() {
  thread_local const std::unique_ptr<char[]> buffer{new char[read_size]};
  return buffer.get();
}

/// Memory that the sessions on this thread lend each other for the length of a message, so that one
/// that is at rest holds none.
std::string& spare(attach_session_state::lent what) {
  thread_local std::string strings[3];
  return strings[static_cast<int>(what)];
}

constexpr std::uint8_t bit(readiness what) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(what));
}

} // namespace

void attach_session_state::borrow(std::string& empty, lent what) {
  if (empty.empty())
    empty.swap(spare(what));
}

void attach_session_state::give_back(std::string& used, lent what) {
  used.clear();
  used.swap(spare(what));
}

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
                         core::io_ready{readiness::again});
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

// -- to the client --------------------------------------------------------------

void attach_session_state::put(stream::channel from, std::string_view bytes) {
  borrow(batch_, lent::output);
  given_.format->put(batch_, from, bytes);
}

/// Writes at once what goes; the rest waits for the socket.
void attach_session_state::write_batch() {
  if (batch_.empty())
    return;
  if (!deaf_ && phase_ != phase::over) {
    bytes_out_ += batch_.size();
    if (unsent() > 0) {
      out_.append(batch_);
    } else {
      out_.swap(batch_);
      flush();
      if (unsent() == 0)
        out_.swap(batch_);
    }
  }
  give_back(batch_, lent::output);
}

void attach_session_state::flush() {
  while (unsent() > 0) {
    const auto put = given_.client.stream->write(std::string_view{out_}.substr(sent_));
    switch (put.status) {
    case io_status::ok:
      sent_ += put.size;
      if (phase_ == phase::flushing)
        expect_within(limits::write_stall);
      continue;
    case io_status::wants_write:
    case io_status::wants_read:
      if (sent_ > out_.size() / 2)
        out_.erase(0, std::exchange(sent_, 0));
      return want(put.status == io_status::wants_write ? readiness::write : readiness::read);
    default:
      return on_deaf();
    }
  }
  out_.clear();
  sent_ = 0;
}

/// It takes nothing any more. What it has sent before is still for the process.
void attach_session_state::on_deaf() {
  deaf_ = true;
  out_.clear();
  sent_ = 0;
  const bool may_have_sent = given_.options.in && attached_ && !input_closed_ && !input_told_;
  if (!may_have_sent)
    leave(attach_end::client_gone);
}

// -- from the client ------------------------------------------------------------

bool attach_session_state::reads_client() const {
  if (input_over_)
    return false;
  if (phase_ == phase::lingering)
    return true;
  if (phase_ > phase::live)
    return false;
  if (!given_.options.in || input_closed_)
    return true; // and drops it, to see the end
  return attached_ && input_.empty() && credit_ > 0;
}

void attach_session_state::read_client() {
  if ((waits_ & (bit(readiness::read) | bit(readiness::again))) != 0)
    return;
  if (!reads_client()) {
    // One with input for the process is heard to its end instead.
    if (phase_ <= phase::live && (input_over_ || !attached_))
      want(readiness::hangup);
    return;
  }
  const bool drops = !given_.options.in || input_closed_ || phase_ == phase::lingering;
  const auto most = drops ? read_size : std::min(credit_, read_size);
  const auto got = given_.client.stream->read(read_buffer(), most);
  switch (got.status) {
  case io_status::ok:
    if (!drops)
      take_input({read_buffer(), got.size});
    send_input();
    // A short read has emptied the socket: no need to be told so by another one.
    return want(got.size < most ? readiness::read : readiness::again);
  case io_status::wants_read:
    return want(readiness::read);
  case io_status::wants_write:
    return want(readiness::write);
  default:
    input_over_ = true;
    keys_.finish(input_);
    if (got.status == io_status::gone || given_.client.stream->peer_is_gone())
      on_deaf();
    if (phase_ == phase::lingering)
      return end_now();
    send_input();
    if (phase_ <= phase::live)
      want(readiness::hangup);
  }
}

void attach_session_state::take_input(std::string_view bytes) {
  if (bytes.empty() || !given_.options.in)
    return;
  std::string typed;
  borrow(typed, lent::typed);
  borrow(batch_, lent::output);
  const auto more = given_.format->take(bytes, typed, batch_);
  if (!more)
    return leave(attach_end::client_gone);
  borrow(input_, lent::input);
  const bool found = keys_.take(typed, input_);
  give_back(typed, lent::typed);
  if (found) {
    send_input();
    return leave(attach_end::detached);
  }
  if (!*more) {
    input_over_ = true;
    keys_.finish(input_);
  }
}

void attach_session_state::want(readiness what) {
  if (what == readiness::read && given_.client.stream->has_pending())
    what = readiness::again;
  if ((waits_ & bit(what)) != 0 || phase_ == phase::over)
    return;
  waits_ |= bit(what);
  if (what == readiness::again)
    core::tell(core::to_ptr(self_), core::io_ready{what});
  else
    given_.client.stream->wait(what, core::to_ptr(self_));
}

void attach_session_state::on_ready(const core::io_ready& ready) {
  if (phase_ == phase::over)
    return;
  if (!link_.on_ready(ready) && ready.source == 0)
    on_client_ready(ready);
  go_on();
}

void attach_session_state::on_client_ready(const core::io_ready& ready) {
  if (ready.what == readiness::hangup) {
    // NOTE: not waited for again: what it may be besides (urgent data) stays so.
    if (!ready.aborted && given_.client.stream->peer_is_gone())
      on_deaf();
    return;
  }
  waits_ &= static_cast<std::uint8_t>(~bit(ready.what));
  if (ready.what == readiness::again)
    on_time();
  if (ready.aborted || phase_ == phase::over)
    return;
  flush();
  if (unsent() == 0 && out_.capacity() > kept_capacity)
    out_ = {};
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
