#include "actors/inspect/service/client.hpp"

#include "actors/core/limits.hpp"
#include "actors/host/tls.hpp"
#include "actors/runtime/log.hpp"
#include "protocol/http/response_writer.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>
#include <variant>

namespace gantry::inspect {

namespace {

using host::io_status;

constexpr http::limits bounds() {
  http::limits all;
  all.head = limits::inspect_head;
  all.target = limits::inspect_head / 2;
  all.fields = 64;
  return all;
}

std::string date_now() { return http::imf_fixdate(std::time(nullptr)); }

} // namespace

client::client(host::unique_fd fd, core::client_info who, ssl_ctx_st* tls, client_site& site,
               time_point now)
    : fd_(std::move(fd)), io_(fd_.get()), who_(std::move(who)), site_(site), parser_(bounds()),
      now_(now), progress_(now) {
  expect_within(limits::inspect_request);
  wants_ = POLLIN;
  if (!tls)
    return;
  enter(io_.begin_tls(tls) ? phase::handshake : phase::over);
}

client::~client() {
  site_.bytes_held -= counted_;
  if (follower_)
    --site_.followers;
}

short client::interest() const noexcept {
  switch (phase_) {
  case phase::waiting:
    return 0; // a client that has gone is told of anyway
  case phase::following:
    return static_cast<short>(POLLIN | (held() != 0 ? POLLOUT : 0));
  case phase::lingering:
    return POLLIN;
  default:
    return wants_;
  }
}

client::time_point client::deadline() const noexcept {
  if (unread_)
    return now_;
  if (phase_ == phase::following)
    return std::min(deadline_, now_ + limits::inspect_tick);
  return deadline_;
}

void client::advance(time_point now, short happened) {
  now_ = now;
  unread_ = false;
  if ((happened & (POLLERR | POLLNVAL)) != 0 ||
      ((happened & POLLHUP) != 0 && (phase_ == phase::waiting || phase_ == phase::following)))
    return enter(phase::over);
  // An answer that is due late is an answer.
  if (now >= deadline_ && phase_ != phase::waiting)
    return on_late();
  switch (phase_) {
  case phase::handshake:
    return shake_hands();
  case phase::head:
    return take_head();
  case phase::body:
    return take_body();
  case phase::waiting:
    return wait();
  case phase::sending:
    return send();
  case phase::following:
    return follow();
  case phase::lingering:
    return linger();
  case phase::over:
    return;
  }
}

void client::on_late() {
  switch (phase_) {
  case phase::head:
    if (!head_begun_)
      return enter(phase::over); // at rest for too long: nobody waits for an answer
    return refuse({408, "the head of the request did not arrive in time"});
  case phase::body:
    return refuse({408, "the body of the request did not arrive in time"});
  default:
    return enter(phase::over);
  }
}

// -- reading --------------------------------------------------------------------------------------

/// One read. False if there is nothing more now.
bool client::read_more() {
  std::array<char, 4096> bytes;
  auto got = io_.read(bytes.data(), bytes.size());
  switch (got.status) {
  case io_status::ok:
    in_.append(bytes.data(), got.size);
    progress_ = now_;
    return true;
  case io_status::wants_read:
    wants_ = POLLIN;
    return false;
  case io_status::wants_write:
    wants_ = POLLOUT;
    return false;
  case io_status::eof:
    eof_ = true;
    return false;
  case io_status::gone:
    enter(phase::over);
    return false;
  }
  return false;
}

void client::shake_hands() {
  switch (io_.handshake()) {
  case io_status::ok:
    if (auto peer = host::peer_certificate_of(io_.tls()))
      who_.subject = peer->subject;
    wants_ = POLLIN;
    enter(phase::head);
    return take_head();
  case io_status::wants_read:
    wants_ = POLLIN;
    return;
  case io_status::wants_write:
    wants_ = POLLOUT;
    return;
  default:
    log::write(log::level::info, "inspect", "TLS handshake failed",
               {{"client", who_.address}, {"error", io_.tls_error()}});
    enter(phase::over);
  }
}

void client::take_head() {
  for (;;) {
    auto parsed = parser_.parse_head(in_);
    switch (parsed.state) {
    case http::progress::refused:
      return refuse(parsed.error);
    case http::progress::complete:
      in_.erase(0, parsed.consumed);
      head_begun_ = false;
      request_ = std::move(parsed.head);
      decoder_ = http::body_decoder{*request_};
      body_.clear();
      close_after_ = !request_->keep_alive;
      if (decoder_.done())
        return ask();
      if (request_->content_length > limits::inspect_body)
        return refuse(http::body_too_large(limits::inspect_body));
      enter(phase::body);
      expect_within(limits::inspect_request);
      if (request_->expect_continue) {
        std::string go_on;
        http::append_continue(go_on);
        put(go_on);
        flush();
      }
      return take_body();
    case http::progress::need_more:
      if (!in_.empty() && !std::exchange(head_begun_, true))
        expect_within(limits::inspect_request);
      break;
    }
    if (!read_more()) {
      if (eof_ && in_.empty())
        return enter(phase::over);
      if (eof_)
        return refuse({400, "the connection ended in the middle of the request"});
      return;
    }
  }
}

void client::take_body() {
  while (phase_ == phase::body) {
    auto decoded = decoder_.decode(in_, body_, limits::inspect_body + 1 - body_.size());
    in_.erase(0, decoded.consumed);
    if (decoded.state == http::progress::refused)
      return refuse(decoded.error);
    if (body_.size() > limits::inspect_body)
      return refuse(http::body_too_large(limits::inspect_body));
    if (decoded.state == http::progress::complete)
      return ask();
    if (!read_more()) {
      if (eof_)
        return refuse({400, "the connection ended in the middle of the body"});
      return;
    }
  }
}

// -- answers --------------------------------------------------------------------------------------

void client::ask() {
  if (site_.bytes_held > limits::inspect_bytes)
    return respond(
        site_.answers.refusal(503, "too many answers are on their way; try again later"));
  take(site_.answers.answer({*request_, body_, who_, now_}));
}

void client::take(page_answer answer) {
  if (auto* page = std::get_if<http::response>(&answer))
    return respond(*page);
  if (auto* asked = std::get_if<awaited_facts>(&answer)) {
    awaited_ = std::move(*asked);
    enter(phase::waiting);
    expect_within(limits::inspected_facts);
    return wait();
  }
  begin_events();
}

void client::wait() {
  if (!awaited_->answer->given() && now_ < deadline_)
    return;
  auto page = actor_page(*awaited_);
  awaited_.reset();
  respond(page);
}

void client::respond(const http::response& page) {
  http::write_options how;
  how.version = request_->version;
  how.keep_alive = !close_after_;
  how.head_request = request_->method == "HEAD";
  std::string bytes;
  http::append_response(bytes, page, how, date_now());
  put(bytes);
  close_after_ = !http::reusable(how);
  enter(phase::sending);
  expect_within(limits::inspect_stall);
  send();
}

void client::refuse(const http::refusal& why) {
  auto told = why;
  told.to_head = told.to_head || (request_ && request_->method == "HEAD");
  put(http::refusal_bytes(told, date_now()));
  close_after_ = true;
  enter(phase::sending);
  expect_within(limits::inspect_stall);
  send();
}

void client::put(std::string_view bytes) {
  if (out_done_ != 0) {
    out_.erase(0, out_done_);
    out_done_ = 0;
  }
  out_.append(bytes);
  site_.bytes_held += held() - counted_;
  counted_ = held();
}

/// Writes what goes; true if nothing is left.
bool client::flush() {
  while (held() != 0) {
    auto put = io_.write(std::string_view{out_}.substr(out_done_));
    switch (put.status) {
    case io_status::ok:
      out_done_ += put.size;
      progress_ = now_;
      if (phase_ == phase::sending)
        expect_within(limits::inspect_stall);
      site_.bytes_held -= put.size;
      counted_ -= put.size;
      continue;
    case io_status::wants_read:
      wants_ = POLLIN;
      return false;
    case io_status::wants_write:
      wants_ = POLLOUT;
      return false;
    default:
      enter(phase::over);
      return false;
    }
  }
  out_ = {};
  out_done_ = 0;
  return true;
}

void client::send() {
  if (!flush())
    return;
  if (!close_after_ && !eof_)
    return next_request();
  io_.end_writing();
  if (eof_)
    return enter(phase::over);
  enter(phase::lingering);
  wants_ = POLLIN;
  expect_within(limits::linger);
}

/// The next one has its turn after the other clients had theirs.
void client::next_request() {
  request_.reset();
  body_ = {};
  if (in_.empty())
    in_ = {};
  enter(phase::head);
  expect_within(limits::inspect_rest);
  wants_ = POLLIN;
  unread_ = !in_.empty() || io_.has_pending();
}

void client::linger() {
  // A client that goes on sending is read in turns with the others, until its time is over.
  for (int i = 0; i < 16 && read_more(); ++i)
    in_.clear();
  if (eof_)
    enter(phase::over);
}

// -- events ---------------------------------------------------------------------------------------

void client::begin_events() {
  if (site_.followers >= limits::inspect_followers)
    return respond(site_.answers.refusal(503, "too many clients follow events"));
  http::response head;
  head.headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}};
  http::write_options how;
  how.version = request_->version;
  how.head_request = request_->method == "HEAD";
  if (how.head_request)
    return respond(head);
  how.framing = request_->version == 11 ? http::response_framing::chunked
                                        : http::response_framing::until_close;
  ++site_.followers;
  follower_ = std::make_unique<follower>(*site_.answers.events());
  std::string bytes;
  http::append_response(bytes, head, how, date_now());
  put(bytes);
  enter(phase::following);
  sign_at_ = now_ + limits::inspect_sign;
  deadline_ = now_ + limits::inspect_stall;
  follow();
}

void client::follow() {
  // A follower has nothing to say but that it leaves.
  if (read_more())
    in_.clear();
  if (eof_)
    return enter(phase::over);
  if (phase_ == phase::over)
    return;
  if (held() == 0) {
    std::string news;
    follower_->append_news(news);
    if (news.empty() && now_ >= sign_at_)
      news = ":\n\n";
    if (!news.empty()) {
      sign_at_ = now_ + limits::inspect_sign;
      std::string bytes;
      if (request_->version == 11)
        http::append_chunk(bytes, news);
      else
        bytes = std::move(news);
      put(bytes);
    }
  }
  if (!flush())
    return; // what happens meanwhile is lost to it if it is too much, and it is told so
  progress_ = now_;
  deadline_ = now_ + limits::inspect_stall;
}

} // namespace gantry::inspect
