#include "actors/server/connection.hpp"

#include "actors/core/limits.hpp"
#include "actors/host/tls.hpp"
#include "actors/runtime/log.hpp"

#include <caf/actor_system.hpp>

#include <array>

namespace gantry::server {

namespace {

using core::io_status;
using core::readiness;

/// What Go's servers say to a client that speaks HTTP to a TLS port.
constexpr std::string_view plain_http_to_tls =
    "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

bool looks_like_http(std::string_view first) {
  for (std::string_view method : {"GET ", "HEAD", "POST", "PUT ", "DELE", "OPTI", "PATC", "CONN"})
    if (first == method)
      return true;
  return false;
}

constexpr std::uint8_t bit(readiness what) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(what));
}

} // namespace

// -- beginning and end
// ------------------------------------------------------------------------------

connection_state::~connection_state() {
  log_end();
  if (id_ != 0)
    caf::anon_send(given_.router, client_gone{id_});
  if (awaiting_input_)
    core::tell(job_, core::job_input{{}, true, "the client has left"});
  if (given_.stream)
    given_.stream->cancel();
  if (self_)
    core::tell(given_.listener, connection_ended{self_->id()});
}

void connection_state::init(connection_actor::stateful_pointer<connection_state> me,
                            connection_setup given) {
  self_ = me;
  given_ = std::move(given);
  card_.put_up(given_.board,
               {self_->id(), given_.address, given_.client, std::chrono::steady_clock::now()});
  if (given_.stream->is_tls()) {
    phase_ = phase::handshake;
    expect_within(limits::handshake);
    go_on_with_handshake();
  } else {
    start();
  }
}

void connection_state::start() {
  phase_ = phase::head;
  expect_within(limits::first_byte);
  read_more();
}

void connection_state::go_on_with_handshake() {
  // Only the first bytes: later ones are in the middle of what TLS has half read.
  if (!peeked_) {
    auto first = given_.stream->peek(4);
    peeked_ = !first.empty();
    if (looks_like_http(first)) {
      given_.stream->drop_tls();
      send(plain_http_to_tls);
      return close_soon();
    }
  }
  switch (given_.stream->handshake()) {
  case io_status::ok:
    if (auto peer = host::peer_certificate_of(given_.stream->tls())) {
      auto client = std::make_shared<core::client_info>(*given_.client);
      client->subject = peer->subject;
      given_.client = std::move(client);
      card_.change([this](core::connection_card& card) { card.client = given_.client; });
    }
    return start();
  case io_status::wants_read:
    return want(readiness::read);
  case io_status::wants_write:
    return want(readiness::write);
  default:
    return fail_handshake();
  }
}

void connection_state::fail_handshake() {
  log::write(log::level::info, "connection", "TLS handshake failed",
             {{"client", given_.client->address}, {"error", given_.stream->tls_error()}});
  // The client gets the time to read the alert: what it has sent beyond is taken off the socket,
  // or else closing would reset the connection.
  given_.stream->drop_tls();
  close_soon();
}

void connection_state::on_end() {
  if (!std::exchange(end_asked_, true)) {
    // A client that does not read, or a job that does not end, cannot hold up the daemon's end.
    auto now = self_->clock().now();
    end_by_ = now + limits::connection_end;
    deadline_ = std::min(deadline_, end_by_);
    arm_tick(now);
  }
  switch (phase_) {
  case phase::handshake:
    return close_now();
  case phase::head:
    // A request that has begun to arrive is not answered: nothing was done with it.
    return has_output() ? void() : close_now();
  case phase::streaming:
    // The job hears of the shutdown from the engine and ends the stream in its own way.
    return;
  default:
    close_after_ = true;
  }
}

void connection_state::close_soon() {
  if (phase_ == phase::over)
    return;
  phase_ = phase::lingering;
  in_.clear();
  if (has_output())
    return expect_within(limits::write_stall); // `flush` comes back here
  given_.stream->end_writing();
  if (eof_)
    return close_now();
  expect_within(limits::linger);
  want(readiness::read);
}

void connection_state::close_now() {
  phase_ = phase::over;
  self_->quit();
}

// -- time
// -------------------------------------------------------------------------------------------

void connection_state::expect_within(caf::timespan limit) {
  auto now = self_->clock().now();
  deadline_ = std::min(now + limit, end_by_);
  arm_tick(now);
}

/// The timer is left alone if it comes early enough: it looks at the deadline when it fires.
void connection_state::arm_tick(time_point now) {
  if (deadline_ >= tick_at_)
    return;
  tick_at_ = deadline_;
  caf::delayed_anon_send(caf::actor_cast<connection_actor>(self_),
                         std::chrono::duration_cast<caf::timespan>(deadline_ - now),
                         connection_tick{});
}

void connection_state::on_tick() {
  auto now = self_->clock().now();
  if (tick_at_ <= now)
    tick_at_ = time_point::max();
  if (phase_ == phase::over)
    return;
  if (now < deadline_)
    return arm_tick(now);
  if (now >= end_by_)
    return close_now();
  expect_nothing();
  arm_tick(now);
  on_late();
}

void connection_state::on_late() {
  auto takes_nothing = has_output() && phase_ != phase::streaming;
  if (takes_nothing)
    return close_now();
  switch (phase_) {
  case phase::head:
    if (in_.empty())
      return close_now(); // idle for too long: nobody waits for an answer
    return refuse({408, "the head of the request did not arrive in time"});
  case phase::body:
    return refuse({408, "the body of the request did not arrive in time"});
  case phase::waiting:
  case phase::streaming:
    close_after_ = true;
    return end_input("the body did not arrive in time");
  default:
    return close_now();
  }
}

// -- reading
// ------------------------------------------------------------------------------------------

void connection_state::want(readiness what) {
  if (what == readiness::read && given_.stream->has_pending())
    what = readiness::again;
  if ((waits_ & bit(what)) != 0)
    return;
  waits_ |= bit(what);
  if (what == readiness::again)
    core::tell(core::to_ptr(self_), core::io_ready{what, false});
  else
    given_.stream->wait(what, core::to_ptr(self_));
}

void connection_state::on_ready(const core::io_ready& ready) {
  waits_ &= static_cast<std::uint8_t>(~bit(ready.what));
  if (ready.aborted || phase_ == phase::over)
    return;
  if (ready.what == readiness::hangup)
    return given_.stream->peer_is_gone() ? close_now() : void();
  if (phase_ == phase::handshake)
    return go_on_with_handshake();
  if (has_output())
    flush();
  // TLS may have to write in order to read, and the other way round.
  if (phase_ != phase::over && (ready.what != readiness::write || !has_output()))
    read_more();
}

/// How much may have been read without being used; the rest stays in the socket until there is use
/// for it.
std::size_t connection_state::read_bound() const {
  switch (phase_) {
  case phase::head:
    // A client that does not read its answers gets no further requests read.
    return has_output() ? 0 : SIZE_MAX;
  case phase::waiting:
  case phase::streaming:
    return awaiting_input_ ? SIZE_MAX : limits::read_ahead; // later requests
  default:
    return SIZE_MAX; // used up at once, or bounded by the parser
  }
}

void connection_state::read_more() {
  // A client that sends faster than this is served in turns with the others.
  constexpr int turns = 16;
  for (int turn = 0; turn < turns; ++turn) {
    if (phase_ == phase::over || eof_)
      return;
    if (in_.size() >= read_bound())
      return want(readiness::hangup);
    std::array<char, limits::read_size> bytes;
    auto got = given_.stream->read(bytes.data(), bytes.size());
    switch (got.status) {
    case io_status::ok:
      break;
    case io_status::wants_read:
      return want(readiness::read);
    case io_status::wants_write:
      return want(readiness::write);
    case io_status::eof:
      return on_eof();
    case io_status::gone:
      return close_now();
    }
    if (phase_ != phase::lingering) {
      in_.append(bytes.data(), got.size);
      process();
    }
    // A short read has emptied the socket: no need to be told so by another one.
    if (phase_ != phase::over && got.size < bytes.size())
      return want(readiness::read);
  }
  want(readiness::again);
}

void connection_state::on_eof() {
  eof_ = true;
  auto answered = phase_ == phase::head || phase_ == phase::lingering;
  if (answered && has_output())
    return; // the answer is still on its way; its end comes back here
  switch (phase_) {
  case phase::waiting:
    if (awaiting_input_)
      feed_job();
    if (given_.stream->peer_is_gone())
      return close_now();
    // Only the client's half is closed: it may still wait for its answers.
    close_after_ = close_after_ || in_.empty();
    return want(readiness::hangup);
  case phase::head:
    if (!in_.empty() && !given_.stream->peer_is_gone())
      return refuse({400, "the connection ended in the middle of the request"});
    return close_now();
  case phase::body:
    if (!given_.stream->peer_is_gone())
      return refuse({400, "the connection ended in the middle of the body"});
    return close_now();
  default:
    // A stream too: nobody reads an endless one any more (as in Go's servers, also if only half is
    // closed).
    return close_now();
  }
}

// -- writing
// ------------------------------------------------------------------------------------------

/// Writes at once what goes; the rest waits for the socket.
void connection_state::send(std::string_view bytes) {
  if (has_output())
    return keep_output(bytes);
  while (!bytes.empty()) {
    auto put = given_.stream->write(bytes);
    switch (put.status) {
    case io_status::ok:
      bytes.remove_prefix(put.size);
      continue;
    case io_status::wants_write:
    case io_status::wants_read:
      keep_output(bytes);
      if (phase_ != phase::streaming)
        expect_within(limits::write_stall);
      return want(put.status == io_status::wants_write ? readiness::write : readiness::read);
    default:
      return close_now();
    }
  }
}

void connection_state::keep_output(std::string_view bytes) {
  if (out_done_ > out_.size() / 2) {
    out_.erase(0, out_done_);
    out_done_ = 0;
  }
  out_.append(bytes);
}

void connection_state::flush() {
  while (has_output()) {
    auto put = given_.stream->write(std::string_view{out_}.substr(out_done_));
    switch (put.status) {
    case io_status::ok:
      out_done_ += put.size;
      continue;
    case io_status::wants_write:
    case io_status::wants_read:
      if (phase_ != phase::streaming)
        expect_within(limits::write_stall);
      return want(put.status == io_status::wants_write ? readiness::write : readiness::read);
    default:
      return close_now();
    }
  }
  out_ = {};
  out_done_ = 0;
  switch (phase_) {
  case phase::head:
    return next_request();
  case phase::waiting:
    return awaiting_input_ ? expect_within(limits::request_body) : expect_nothing();
  case phase::body:
    return expect_within(limits::request_body);
  case phase::streaming:
    return grant();
  case phase::lingering:
    return close_soon();
  default:
    return;
  }
}

// -- the actor
// ----------------------------------------------------------------------------------------

core::facts connection_state::describe() const {
  constexpr const char* phases[] = {"TLS handshake",  "idle",      "waiting for an answer",
                                    "reading a body", "streaming", "closing",
                                    "closed"};
  core::facts f{{{"client", given_.client->address},
                 {"phase", phases[static_cast<int>(phase_)]},
                 {"requests served", std::to_string(served_)},
                 {"bytes read and not used", std::to_string(in_.size())},
                 {"bytes not written", std::to_string(out_.size() - out_done_)}}};
  if (given_.client->uid)
    f.values.emplace_back("uid", std::to_string(*given_.client->uid));
  if (given_.client->pid)
    f.values.emplace_back("pid", std::to_string(*given_.client->pid));
  if (!given_.client->subject.empty())
    f.values.emplace_back("certificate", given_.client->subject);
  if (request_)
    f.values.emplace_back("request",
                          std::string{request_->method} + " " + std::string{request_->target});
  return f;
}

connection_actor::behavior_type
run_connection(connection_actor::stateful_pointer<connection_state> self, connection_setup given) {
  self->state.init(self, std::move(given));
  return {
      // In the order of how often they come: CAF compares a message with one after the other.
      [self](const core::io_ready& x) { self->state.on_ready(x); },
      [self](const core::job_done& x) { self->state.on_done(x); },
      [self](const core::job_stream_begun& x) { self->state.on_stream_begun(x); },
      [self](const core::job_output& x) { self->state.on_output(x); },
      [self](const core::job_wants_input& x) { self->state.on_wants_input(x); },
      [self](const core::job_takes_socket& x) { self->state.on_takes_socket(x); },
      [self](const http_reply& x) { self->state.on_reply(x); },
      [self](need_body& x) { self->state.on_need_body(x); },
      [self](connection_tick) { self->state.on_tick(); },
      [self](end_connection) { self->state.on_end(); },
      [self](core::describe) { return self->state.describe(); },
  };
}

} // namespace gantry::server
