#include "app/ctl/web_client.hpp"

#include "protocol/http/body_decoder.hpp"
#include "protocol/http/response_parser.hpp"
#include "protocol/http/response_writer.hpp"

#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <limits>
#include <utility>
#include <variant>

namespace gantry::ctl {

namespace {

using host::io_status;

constexpr std::chrono::seconds request_limit{10}; // a whole head, or a whole body
constexpr std::chrono::seconds rest_limit{60};    // without a request
constexpr std::chrono::seconds stall_limit{30};   // without taking anything of an answer
constexpr std::chrono::seconds linger_limit{1};   // after a refusal
constexpr std::size_t largest_question = std::size_t{64} << 10;

constexpr http::limits head_bounds() {
  http::limits all;
  all.head = std::size_t{16} << 10;
  all.target = all.head / 2;
  all.fields = 64;
  return all;
}

/// What goes on to the browser of what the daemon has said; framing is our own business.
constexpr auto passed_headers = std::to_array<const char*>(
    {"Content-Type", "Content-Security-Policy", "Referrer-Policy", "Allow", "Retry-After"});

http::response head_of(const http::response_parser& answer) {
  http::response head;
  head.status = answer.status();
  for (const auto* name : passed_headers)
    if (const auto value = answer.header(name); !value.empty())
      head.headers.emplace_back(name, std::string{value});
  head.headers.emplace_back("Cache-Control", "no-store");
  head.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return head;
}

std::string date_now() { return http::imf_fixdate(std::time(nullptr)); }

/// Can be read once all have to end, or once the browser has closed its connection: who follows
/// events says nothing more until he leaves.
host::unique_fd end_of_either(int stopping, int browser) {
  host::unique_fd both{::epoll_create1(EPOLL_CLOEXEC)};
  epoll_event stop{};
  stop.events = EPOLLIN;
  epoll_event gone{};
  gone.events = EPOLLRDHUP;
  if (both && ::epoll_ctl(both.get(), EPOLL_CTL_ADD, stopping, &stop) == 0 &&
      ::epoll_ctl(both.get(), EPOLL_CTL_ADD, browser, &gone) == 0)
    return both;
  return {};
}

} // namespace

web_client::web_client(host::unique_fd fd, web_gate& gate, const api_client::settings& daemon,
                       int stopping)
    : fd_(std::move(fd)), io_(fd_.get()), gate_(gate), daemon_(daemon), stopping_(stopping),
      parser_(head_bounds()) {}

void web_client::run() {
  while (goes_on_ && take_head() && take_body())
    answer();
  io_.end_writing();
  // What is closed with something unread is reset, and takes the refusal with it.
  for (const auto until = steady::now() + linger_limit; refused_ && read_more(until);)
    in_.clear();
}

// -- bytes
// ------------------------------------------------------------------------------------------

bool web_client::wait(short events, deadline until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady::now()).count();
    if (left <= 0)
      return false;
    pollfd both[] = {{fd_.get(), events, 0}, {stopping_, POLLIN, 0}};
    const int ready = ::poll(both, 2, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready < 0 && errno != EINTR)
      return false;
    if (ready > 0)
      return both[1].revents == 0;
  }
}

bool web_client::read_more(deadline until) {
  std::array<char, 16 * 1024> bytes;
  for (;;) {
    const auto got = io_.read(bytes.data(), bytes.size());
    if (got.status == io_status::ok) {
      in_.append(bytes.data(), got.size);
      return true;
    }
    if (got.status != io_status::wants_read || !wait(POLLIN, until))
      return false;
  }
}

bool web_client::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto put = io_.write(bytes);
    if (put.status == io_status::ok)
      bytes.remove_prefix(put.size);
    else if (put.status != io_status::wants_write || !wait(POLLOUT, steady::now() + stall_limit))
      return false;
  }
  return true;
}

// -- requests
// -----------------------------------------------------------------------------------------

bool web_client::take_head() {
  request_.reset();
  auto until = steady::now() + (in_.empty() ? rest_limit : request_limit);
  for (bool begun = !in_.empty();;) {
    auto parsed = parser_.parse_head(in_);
    if (parsed.state == http::progress::refused) {
      refuse(parsed.error);
      return false;
    }
    if (parsed.state == http::progress::complete) {
      in_.erase(0, parsed.consumed);
      request_ = std::move(parsed.head);
      goes_on_ = request_->keep_alive;
      return true;
    }
    if (!in_.empty() && !std::exchange(begun, true))
      until = steady::now() + request_limit;
    if (!read_more(until))
      return false;
  }
}

bool web_client::take_body() {
  body_.clear();
  http::body_decoder decoder{*request_};
  if (decoder.done())
    return true;
  if (request_->content_length > largest_question) {
    refuse(http::body_too_large(largest_question));
    return false;
  }
  if (request_->expect_continue) {
    std::string go_on;
    http::append_continue(go_on);
    if (!write(go_on))
      return false;
  }
  const auto until = steady::now() + request_limit;
  for (;;) {
    const auto decoded = decoder.decode(in_, body_, largest_question + 1 - body_.size());
    in_.erase(0, decoded.consumed);
    if (decoded.state == http::progress::refused || body_.size() > largest_question) {
      refuse(body_.size() > largest_question ? http::body_too_large(largest_question)
                                             : decoded.error);
      return false;
    }
    if (decoded.state == http::progress::complete)
      return true;
    if (!read_more(until))
      return false;
  }
}

// -- answers
// ------------------------------------------------------------------------------------------

void web_client::answer() {
  const auto seen = gate_.look(*request_);
  if (const auto* refusal = std::get_if<http::response>(&seen))
    return respond(*refusal);
  switch (std::get<passage>(seen)) {
  case passage::session:
    return respond(gate_.open_session(body_));
  case passage::file:
    return relay("GET", request_->path);
  case passage::inspection:
    // What only the head is wanted of is asked whole: the daemon's answer tells its end by its
    // body.
    return relay(request_->method == "HEAD" ? "GET" : request_->method, request_->target);
  }
}

/// Asks the daemon and hands its answer on as it comes.
void web_client::relay(std::string_view method, std::string_view target) {
  const bool head_only = request_->method == "HEAD";
  const bool follows = request_->path == "/v1/events";
  auto how = daemon_;
  host::unique_fd either;
  how.cancel = stopping_;
  if (follows) {
    either = end_of_either(stopping_, fd_.get());
    if (!either)
      return respond(message_page(503, "no descriptors are left; close other pages"));
    how.cancel = either.get();
  }
  http::write_options options;
  options.version = request_->version;
  options.keep_alive = goes_on_;
  options.head_request = head_only;
  options.framing = http::response_framing::chunked;
  bool begun = false;
  bool has_body = false;
  const api_client client{how};
  const auto whole = client.relay(
      {method, target, body_, follows},
      [&](const http::response_parser& answer) {
        begun = true;
        has_body = http::has_body(answer.status(), head_only);
        std::string bytes;
        http::append_response(bytes, head_of(answer), options, date_now());
        return write(bytes) && has_body;
      },
      [&](std::string_view piece) {
        std::string bytes;
        if (options.version == 11)
          http::append_chunk(bytes, piece);
        else
          bytes = piece;
        return write(bytes);
      });
  if (!begun && !whole)
    return respond(message_page(502, whole.error().message));
  if (!has_body) {
    goes_on_ = goes_on_ && begun && (head_only ? http::reusable(options) : true);
    return;
  }
  // An answer that has no end is told by the end of the connection.
  goes_on_ = whole && *whole && http::reusable(options);
  if (whole && *whole && options.version == 11) {
    std::string end;
    http::append_last_chunk(end);
    goes_on_ = write(end) && goes_on_;
  }
}

void web_client::respond(const http::response& page) {
  http::write_options how;
  how.version = request_->version;
  how.keep_alive = goes_on_;
  how.head_request = request_->method == "HEAD";
  std::string bytes;
  http::append_response(bytes, page, how, date_now());
  goes_on_ = write(bytes) && http::reusable(how);
}

void web_client::refuse(const http::refusal& why) {
  auto told = why;
  told.to_head = told.to_head || (request_ && request_->method == "HEAD");
  refused_ = write(http::refusal_bytes(told, date_now()));
  goes_on_ = false;
}

} // namespace gantry::ctl
