#include "actors/server/connection.hpp"

#include "actors/core/figures.hpp"
#include "actors/core/limits.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/log.hpp"
#include "protocol/http/websocket.hpp"

#include <ctime>
#include <functional>

namespace gantry::server {

namespace {

/// The Date header's text, made once a second on each thread.
std::string_view date_now() {
  thread_local std::time_t made_for = 0;
  thread_local std::string text;
  auto now = std::time(nullptr);
  if (now != made_for) {
    made_for = now;
    text = http::imf_fixdate(now);
  }
  return text;
}

/// A buffer for the length of one handler; keeps its memory for the next one on this thread.
std::string& scratch() {
  constexpr std::size_t most_kept = std::size_t{1} << 20;
  thread_local std::string buffer;
  if (buffer.capacity() > most_kept)
    buffer = {};
  buffer.clear();
  return buffer;
}

/// The number under which answers of a route are counted: its place in the table, from 1.
std::size_t figure_of(const api::route* route) {
  const auto all = api::routes();
  const std::less<const api::route*> before;
  const bool is_known = !before(route, all.data()) && before(route, all.data() + all.size());
  return is_known ? static_cast<std::size_t>(route - all.data()) + 1 : 0;
}

} // namespace

// -- requests
// -----------------------------------------------------------------------------------------

/// Uses what was read, as far as the phase has use for it.
void connection_state::process() {
  while (!in_.empty()) {
    auto before = in_.size();
    if (phase_ == phase::head && !has_output())
      take_head();
    else if (phase_ == phase::body)
      collect_body();
    else if (awaiting_input_)
      feed_job();
    else
      return;
    if (in_.size() == before)
      return;
  }
  if (phase_ == phase::head && in_.capacity() > 1024)
    in_.shrink_to_fit();
}

void connection_state::take_head() {
  auto parsed = parser_.parse_head(in_);
  switch (parsed.state) {
  case http::progress::need_more:
    if (!head_begun_) {
      head_begun_ = true;
      expect_within(limits::request_head);
    }
    return;
  case http::progress::refused:
    return refuse(parsed.error);
  case http::progress::complete:
    break;
  }
  in_.erase(0, parsed.consumed);
  head_begun_ = false;
  request_ = std::move(parsed.head);
  decoder_ = http::body_decoder{*request_};
  continue_sent_ = false;
  close_after_ = !request_->keep_alive || end_asked_;
  id_ = core::next_request_id();
  begun_ = runtime::now_ticks();
  status_ = 0;
  runtime::works_for(id_);
  card_.change([this](core::connection_card& card) {
    card.request = id_;
    card.head = request_.get();
    card.begun = card.moved = begun_;
  });
  phase_ = phase::waiting;
  expect_nothing();
  caf::anon_send(given_.router, route_request{id_, request_, core::to_ptr(self_), given_.client});
}

/// Who is to go on with the request, for those who look for late ones.
void connection_state::leave_to_client(bool with_client) {
  card_.change([with_client](core::connection_card& card) {
    card.with_client = with_client;
    card.moved = runtime::now_ticks();
  });
}

bool connection_state::expects_body() const {
  return request_ && request_->framing != http::body_framing::none && !decoder_.done();
}

/// To a client that waits for it before it sends the body.
void connection_state::send_continue() {
  if (!request_->expect_continue || continue_sent_ || !in_.empty() || !expects_body())
    return;
  continue_sent_ = true;
  auto& bytes = scratch();
  http::append_continue(bytes);
  send(bytes);
}

void connection_state::on_need_body(need_body& wanted) {
  if (wanted.id != id_ || phase_ != phase::waiting)
    return;
  exchange_ = std::move(wanted.exchange);
  body_limit_ = wanted.limit;
  body_.clear();
  if (request_->framing == http::body_framing::content_length &&
      request_->content_length > body_limit_)
    return refuse(http::body_too_large(body_limit_));
  phase_ = phase::body;
  leave_to_client(true);
  expect_within(limits::request_body);
  send_continue();
  if (phase_ != phase::body)
    return;
  collect_body();
  if (phase_ == phase::body)
    eof_ ? on_eof() : read_more();
}

void connection_state::collect_body() {
  auto decoded = decoder_.decode(in_, body_, body_limit_ + 1 - body_.size());
  in_.erase(0, decoded.consumed);
  if (decoded.state == http::progress::refused)
    return refuse(decoded.error);
  if (body_.size() > body_limit_)
    return refuse(http::body_too_large(body_limit_));
  if (decoded.state == http::progress::need_more)
    return expect_within(limits::request_body);
  phase_ = phase::waiting;
  leave_to_client(false);
  expect_nothing();
  caf::anon_send(given_.router,
                 body_ready{id_, exchange_, std::move(body_), core::to_ptr(self_), given_.client});
  body_ = {};
}

/// A body that nobody asked for is dropped if it is here already, else the connection ends.
void connection_state::skip_body() {
  if (!expects_body())
    return;
  std::string dropped;
  auto decoded = decoder_.decode(in_, dropped, limits::skip_body);
  in_.erase(0, decoded.consumed);
  if (decoded.state != http::progress::complete)
    close_after_ = true;
}

// -- a job's input
// ------------------------------------------------------------------------------------

void connection_state::on_wants_input(const core::job_wants_input& wanted) {
  if (wanted.id != id_ || (phase_ != phase::waiting && phase_ != phase::streaming)) {
    core::tell(wanted.job, core::job_input{{}, true, "the client has left"});
    return;
  }
  job_ = wanted.job;
  input_most_ = std::max<std::size_t>(1, wanted.most);
  awaiting_input_ = true;
  leave_to_client(true);
  send_continue();
  if (phase_ == phase::over)
    return;
  feed_job();
  if (awaiting_input_)
    read_more();
}

void connection_state::feed_job() {
  core::job_input piece;
  auto decoded = decoder_.decode(in_, piece.bytes, input_most_);
  in_.erase(0, decoded.consumed);
  if (decoded.state == http::progress::refused)
    piece.error = decoded.error.detail;
  else if (decoded.state == http::progress::complete)
    piece.eof = true;
  else if (eof_ && in_.empty() && piece.bytes.empty())
    piece.error = "unexpected EOF";
  else if (piece.bytes.empty())
    return expect_within(limits::request_body);
  if (!piece.error.empty())
    piece.eof = close_after_ = true;
  awaiting_input_ = false;
  leave_to_client(false);
  expect_nothing();
  core::tell(job_, std::move(piece));
}

/// Nothing more will come for a job that still waits for input.
void connection_state::end_input(const char* error) {
  if (std::exchange(awaiting_input_, false))
    core::tell(job_, core::job_input{{}, true, error});
}

// -- answers
// ------------------------------------------------------------------------------------------

http::write_options connection_state::write_options() const {
  http::write_options how;
  how.version = request_ ? request_->version : 11;
  how.keep_alive = !close_after_ && !end_asked_;
  how.head_request = request_ && request_->method == "HEAD";
  return how;
}

void connection_state::on_reply(const http_reply& reply) {
  if (reply.id == id_ && phase_ == phase::waiting)
    respond(*reply.response, reply.route);
}

void connection_state::on_done(const core::job_done& done) {
  if (done.id != id_)
    return;
  if (phase_ == phase::streaming)
    return end_stream(*done.reply);
  if (phase_ != phase::waiting)
    return;
  auto& match = static_cast<const http_exchange*>(done.context.get())->match;
  if (auto* constant = given_.service->constant_response(match, *done.reply))
    return respond(*constant, match.target);
  log_failure(*done.reply, match);
  respond(given_.service->make_response(match, std::move(*done.reply)), match.target);
}

/// Clause 5.1, step 7; what the client did wrong is of interest to those who look for it.
void connection_state::log_failure(const job::reply& reply, const api::match& match) const {
  auto severity = http_status(reply.kind) >= 500 ? log::level::error : log::level::debug;
  if (reply.status == job::status_ok || !log::enabled(severity))
    return;
  auto text = std::string{"Handler for "}.append(request_->method).append(" ");
  text.append(match.target->path).append(" returned error: ").append(reply.error);
  log::write(severity, "connection", text, {{"request", id_}});
}

/// What is streamed or handed over is counted with its head.
void connection_state::count_answer(const api::route* route, int status) const {
  core::counted().requests.answered(figure_of(route), status,
                                    runtime::to_duration(runtime::now_ticks() - begun_));
}

void connection_state::respond(const http::response& response, const api::route* route) {
  count_answer(route, response.status);
  if (expects_body() && request_->expect_continue && !continue_sent_)
    close_after_ = true; // the client may send the body after all, or not
  skip_body();
  status_ = response.status;
  auto how = write_options();
  auto& bytes = scratch();
  http::append_response(bytes, response, how, date_now());
  send(bytes);
  if (phase_ != phase::over)
    end_answer(http::reusable(how));
}

void connection_state::refuse(const http::refusal& why) {
  core::counted().requests.refused(exchange_ ? figure_of(exchange_->match.target) : 0, why.status);
  auto refusal = why;
  refusal.to_head = refusal.to_head || (request_ && request_->method == "HEAD");
  close_after_ = true;
  status_ = refusal.status;
  send(http::refusal_bytes(refusal, date_now()));
  if (phase_ != phase::over)
    end_answer(false);
}

// -- streams
// ------------------------------------------------------------------------------------------

void connection_state::on_stream_begun(const core::job_stream_begun& begun) {
  if (begun.id != id_ || phase_ != phase::waiting) {
    core::tell(begun.job, core::job_cancel{"the client has left"});
    return;
  }
  auto& match = static_cast<const http_exchange*>(begun.context.get())->match;
  job_ = begun.job;
  auto how = write_options();
  if (how.head_request) {
    skip_body();
    how = write_options();
  }
  chunked_ = request_->version == 11;
  how.framing = chunked_ ? http::response_framing::chunked : http::response_framing::until_close;
  phase_ = phase::streaming;
  leave_to_client(true);
  const auto head = given_.service->stream_head(match, begun.content_type, begun.about);
  status_ = head.status;
  auto& bytes = scratch();
  count_answer(match.target, head.status);
  http::append_response(bytes, head, how, date_now());
  send(bytes);
  if (phase_ == phase::over)
    return;
  if (how.head_request) {
    core::tell(job_, core::job_cancel{"the request was a HEAD"});
    return end_answer(http::reusable(how));
  }
  if (eof_)
    close_now();
}

void connection_state::on_output(const core::job_output& output) {
  if (output.id != id_ || phase_ != phase::streaming)
    return;
  ungranted_ += output.bytes->size();
  if (chunked_) {
    auto& bytes = scratch();
    http::append_chunk(bytes, *output.bytes);
    send(bytes);
  } else {
    send(*output.bytes);
  }
  if (phase_ == phase::streaming && !has_output())
    grant();
}

/// Not for every piece: while less than half of its window is used, the job can go on anyway.
void connection_state::grant() {
  if (ungranted_ < limits::stream_window / 2)
    return;
  core::tell(job_, core::job_credit{ungranted_});
  ungranted_ = 0;
}

void connection_state::end_stream(const job::reply& reply) {
  if (reply.status != job::status_ok) {
    // Bytes are out, so the status cannot say it; the missing end does (K-22).
    log::write(log::level::error, "connection", "ended a stream that failed: " + reply.error,
               {{"request", id_}});
    return end_answer(false);
  }
  if (chunked_) {
    auto& bytes = scratch();
    http::append_last_chunk(bytes);
    send(bytes);
    if (phase_ == phase::over)
      return;
  }
  skip_body();
  end_answer(chunked_ && !close_after_);
}

// -- the end of an answer
// -------------------------------------------------------------------------------

/// For those who look at the request afterwards.
void connection_state::log_end() const {
  if (id_ != 0 && given_.requests)
    given_.requests->add({id_, request_->method, request_->target, given_.client, self_->id(),
                          begun_, static_cast<unsigned>(status_)});
}

void connection_state::forget_request() {
  log_end();
  card_.change([](core::connection_card& card) {
    card.requests += card.request != 0 ? 1 : 0;
    card.request = 0;
    card.head = nullptr;
    card.with_client = false;
  });
  runtime::works_for(0);
  id_ = 0;
  request_.reset();
  exchange_.reset();
  job_ = nullptr;
  ungranted_ = 0;
  chunked_ = false;
  body_ = {};
}

/// The answer is complete, though perhaps not yet written.
void connection_state::end_answer(bool reusable) {
  ++served_;
  end_input("the answer was given");
  forget_request();
  if (!reusable || end_asked_)
    return close_soon();
  phase_ = phase::head;
  if (has_output())
    expect_within(limits::write_stall); // `flush` goes on
  else
    next_request();
}

void connection_state::next_request() {
  if (end_asked_)
    return close_soon();
  expect_within(limits::keep_alive);
  process();
  if (phase_ == phase::head && eof_)
    return on_eof();
  if (phase_ != phase::over && !eof_ && in_.size() < read_bound())
    want(core::readiness::read);
}

// -- handing the socket over
// ----------------------------------------------------------------------------

void connection_state::on_takes_socket(const core::job_takes_socket& wanted) {
  if (wanted.id != id_ || phase_ != phase::waiting) {
    core::tell(wanted.job, core::job_socket{});
    return;
  }
  auto& head = scratch();
  const auto& match = static_cast<const http_exchange*>(wanted.context.get())->match;
  const bool is_websocket = match.target->reply == api::reply_kind::websocket;
  count_answer(match.target, is_websocket || !request_->upgrade.empty() ? 101 : 200);
  if (is_websocket)
    http::append_websocket_upgrade(head, *request_);
  else
    http::append_upgrade(head, request_->upgrade, wanted.content_type,
                         given_.service->hijack_headers(match));
  status_ = head.starts_with("HTTP/1.1 101") ? 101 : 200;
  send(head);
  if (phase_ == phase::over || has_output()) {
    core::tell(wanted.job, core::job_socket{});
    return close_now();
  }
  end_input("the connection was handed over");
  given_.stream->cancel();
  core::tell(wanted.job, core::job_socket{std::move(given_.stream), std::move(in_)});
  log_end();
  id_ = 0; // the job does not end with this connection
  phase_ = phase::over;
  self_->quit();
}

} // namespace gantry::server
