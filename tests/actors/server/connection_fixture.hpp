#pragma once

#include "actors/core/limits.hpp"
#include "actors/server/connection.hpp"
#include "actors/server/router.hpp"
#include "tests/actors/engine/jobs.hpp"

#include <boost/asio/io_context.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::test {

/// The client's end of a connection; never blocks.
class wire {
public:
  explicit wire(host::unique_fd fd) : fd_(std::move(fd)) {}

  /// Sends as much as goes; the number of bytes.
  std::size_t send(std::string_view bytes) {
    auto n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }
  /// All that has arrived, at most `most` bytes.
  std::string receive(std::size_t most = SIZE_MAX) {
    std::string all;
    char buffer[16384];
    while (all.size() < most) {
      auto n = ::recv(fd_.get(), buffer, std::min(sizeof buffer, most - all.size()), MSG_DONTWAIT);
      if (n <= 0) {
        ended_ = n == 0;
        reset_ = n < 0 && errno == ECONNRESET;
        break;
      }
      all.append(buffer, static_cast<std::size_t>(n));
    }
    return all;
  }
  /// True if the last `receive` came upon the end.
  bool ended() const noexcept { return ended_; }
  bool was_reset() const noexcept { return reset_; }
  void half_close() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }
  int fd() const noexcept { return fd_.get(); }

private:
  host::unique_fd fd_;
  bool ended_ = false;
  bool reset_ = false;
};

/// Without its Date lines, each of which is checked for its form.
inline std::string without_date(std::string text) {
  for (std::size_t at = 0; (at = text.find("\r\nDate: ", at)) != std::string::npos;) {
    REQUIRE(text.substr(at + 33, 6) == " GMT\r\n");
    text.erase(at, 37);
  }
  return text;
}

/// The head of an answer that the tests' service makes, up to its own lines.
inline std::string answer_head(std::string_view version = "1.1") {
  return "HTTP/" + std::string{version} +
         " 200 OK\r\nApi-Version: 1.50\r\nOstype: linux\r\nServer: S\r\n"
         "Docker-Experimental: false\r\n";
}

/// A whole answer with bytes in it; `connection` is the Connection line, or "".
inline std::string answer(std::string_view body, std::string_view connection = {},
                          std::string_view version = "1.1") {
  return answer_head(version) + "Content-Type: application/octet-stream\r\n" +
         std::string{connection} + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string{body};
}

inline constexpr std::string_view closing = "Connection: close\r\n";

inline api::config test_config() {
  api::config c;
  c.engine_version = "1";
  c.server = "S";
  return c;
}

/// A router for tests. The path says what becomes of a request: `/body` is collected (16 bytes at
/// most) and echoed, `/hand` and `/exit` run these jobs, `/big` is a megabyte, all else is echoed.
struct test_router_state {
  static inline const char* name = "test-router";
  test_router_state() = default;
};

inline server::router_actor::behavior_type
run_test_router(server::router_actor::stateful_pointer<test_router_state>,
                core::engine_actor engine) {
  static constexpr api::route route{"GET", "/test", {1, 24}, api::offered::both, "Test"};
  auto run = [engine](const auto& r, const server::exchange_ptr& exchange, job::request what) {
    caf::anon_send(engine, core::run_job{r.id, std::move(what), r.connection, exchange, r.origin,
                                         caf::timespan{0}});
  };
  return {
      [run](const server::route_request& r) {
        auto exchange = std::make_shared<server::http_exchange>();
        exchange->request = r.request;
        exchange->match.target = &route;
        exchange->match.request = r.request.get();
        std::string path{r.request->path};
        if (path == "/body")
          core::tell(r.connection, server::need_body{r.id, exchange, 16});
        else if (path == "/hand")
          run(r, exchange, {"hand", {}, {}});
        else if (path == "/exit")
          run(r, exchange, {"exit", {"1", "no luck"}, {}});
        else if (path == "/big")
          run(r, exchange, {"echo", {std::string(1 << 20, 'x')}, {}});
        else
          run(r, exchange, {"echo", {path}, {}});
      },
      [run](server::body_ready& b) {
        run(b, b.exchange, {"echo", {b.body}, {}});
      },
      [engine](const server::client_gone& c) { caf::anon_send(engine, core::cancel_job{c.id}); },
      [](core::describe) { return core::facts{}; }};
}

/// Connections over socket pairs, whose time and turns belong to the test.
class connection_fixture : public engine_fixture {
public:
  connection_fixture() { router = spawn(run_test_router, engine); }
  ~connection_fixture() {
    for (auto& c : connections)
      kill(c);
    for (auto& job : *started)
      job->sockets.clear();
    settle();
  }

  /// A connection and its client.
  wire connect(ssl_ctx_st* tls = nullptr, int send_buffer = 0) {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
    if (send_buffer != 0)
      ::setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
    server::connection_setup setup;
    setup.stream = core::byte_stream::make(io, host::unique_fd{fds[0]}, tls);
    setup.client = std::make_shared<const core::client_info>(core::client_info{"unix", {}, {}, {}});
    setup.service = service;
    setup.router = router;
    connections.push_back(runtime::spawn(sys, server::run_connection, std::move(setup)));
    settle();
    return wire{host::unique_fd{fds[1]}};
  }

  /// Lets sockets and actors go on until nothing happens any more.
  void settle() {
    for (std::size_t quiet = 0; quiet < 2;) {
      io.restart();
      auto events = io.poll();
      events += run();
      quiet = events == 0 ? quiet + 1 : 0;
    }
  }

  /// Lets time pass.
  void pass(std::chrono::nanoseconds d) {
    settle();
    advance_time(d);
    settle();
  }

  /// What comes back for `bytes`, without dates.
  std::string exchange(wire& client, std::string_view bytes) {
    client.send(bytes);
    settle();
    return without_date(client.receive());
  }

  /// The phase that the last connection is in; "gone" if it has ended.
  std::string phase() { return connection_fact("phase"); }
  std::string connection_fact(std::string_view key) {
    auto answered = ask<core::facts>(connections.back(), core::describe{});
    run();
    if (!answered->has_value())
      return "gone";
    for (auto& [name, value] : (*answered)->values)
      if (name == key)
        return value;
    return {};
  }
  bool is_gone() { return phase() == "gone"; }

  /// The last job that was started by hand.
  hand_job& job() {
    REQUIRE(!started->empty());
    return *started->back();
  }
  /// Ends it well, with that text.
  void finish(hand_job& job, std::string text) {
    job.run.succeed(std::move(text));
    settle();
  }
  void write(hand_job& job, std::string text) {
    job.run.write(std::make_shared<const std::string>(std::move(text)));
    settle();
  }
  void begin_stream(hand_job& job) {
    job.run.begin_stream(job.ptr(), "text/plain");
    settle();
  }

  boost::asio::io_context io{1};
  std::shared_ptr<const api::service> service = std::make_shared<const api::service>(test_config());
  server::router_actor router;
  std::vector<server::connection_actor> connections;
};

/// The head of a stream's answer.
inline std::string stream_head(std::string_view lines, std::string_view version = "1.1") {
  return answer_head(version) + "Content-Type: text/plain\r\n" + std::string{lines} + "\r\n";
}

inline constexpr std::string_view in_chunks = "Transfer-Encoding: chunked\r\n";

} // namespace gantry::test
