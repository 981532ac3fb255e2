#include "tests/actors/server/connection_fixture.hpp"

#include "actors/runtime/actor.hpp"
#include "actors/server/connection.hpp"
#include "actors/server/router.hpp"

#include <algorithm>
#include <utility>

namespace gantry::test {

namespace {

/// See `connection_fixture`.
struct test_router_state {
  static inline const char* name = "test-router";
  test_router_state() = default;
};

server::router_actor::behavior_type
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

} // namespace

std::size_t wire::send(std::string_view bytes) {
  auto n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

std::string wire::receive(std::size_t most) {
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

void wire::half_close() { ::shutdown(fd_.get(), SHUT_WR); }

std::string without_date(std::string text) {
  for (std::size_t at = 0; (at = text.find("\r\nDate: ", at)) != std::string::npos;) {
    REQUIRE(text.substr(at + 33, 6) == " GMT\r\n");
    text.erase(at, 37);
  }
  return text;
}

std::string answer_head(std::string_view version) {
  return "HTTP/" + std::string{version} +
         " 200 OK\r\nApi-Version: 1.50\r\nOstype: linux\r\nServer: S\r\n"
         "Docker-Experimental: false\r\n";
}

std::string answer(std::string_view body, std::string_view connection, std::string_view version) {
  return answer_head(version) + "Content-Type: application/octet-stream\r\n" +
         std::string{connection} + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string{body};
}

api::config test_config() {
  api::config c;
  c.engine_version = "1";
  c.server = "S";
  return c;
}

std::string stream_head(std::string_view lines, std::string_view version) {
  return answer_head(version) + "Content-Type: text/plain\r\n" + std::string{lines} + "\r\n";
}

connection_fixture::connection_fixture() { router = spawn(run_test_router, engine); }

connection_fixture::~connection_fixture() {
  for (auto& c : connections)
    kill(c);
  for (auto& job : *started)
    job->sockets.clear();
  settle();
}

void connection_fixture::route_for_real() { router = spawn(server::run_router, service, engine); }

wire connection_fixture::connect(ssl_ctx_st* tls, int send_buffer) {
  int fds[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
  if (send_buffer != 0)
    ::setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
  server::connection_setup setup;
  setup.stream = core::byte_stream::make(io, host::unique_fd{fds[0]}, tls);
  setup.client = std::make_shared<const core::client_info>(core::client_info{"unix", {}, {}, {}});
  setup.service = service;
  setup.router = router;
  setup.requests = &requests;
  connections.push_back(runtime::spawn(sys, server::run_connection, std::move(setup)));
  settle();
  return wire{host::unique_fd{fds[1]}};
}

void connection_fixture::end_connection() {
  caf::anon_send(connections.back(), server::end_connection{});
}

void connection_fixture::settle() {
  for (std::size_t quiet = 0; quiet < 2;) {
    io.restart();
    auto events = io.poll();
    events += run();
    quiet = events == 0 ? quiet + 1 : 0;
  }
}

void connection_fixture::pass(std::chrono::nanoseconds d) {
  settle();
  advance_time(d);
  settle();
}

std::string connection_fixture::exchange(wire& client, std::string_view bytes) {
  client.send(bytes);
  settle();
  return without_date(client.receive());
}

std::string connection_fixture::phase() { return connection_fact("phase"); }

std::string connection_fixture::connection_fact(std::string_view key) {
  const auto facts = facts_of(connections.back());
  if (!facts)
    return "gone";
  for (auto& [name, value] : facts->values)
    if (name == key)
      return value;
  return {};
}

bool connection_fixture::is_gone() { return phase() == "gone"; }

hand_job& connection_fixture::job() {
  REQUIRE(!started->empty());
  return *started->back();
}

void connection_fixture::finish(hand_job& job, std::string text) {
  job.run.succeed(std::move(text));
  settle();
}

void connection_fixture::write(hand_job& job, std::string text) {
  job.run.write(std::make_shared<const std::string>(std::move(text)));
  settle();
}

void connection_fixture::begin_stream(hand_job& job) {
  job.run.begin_stream(job.ptr(), "text/plain");
  settle();
}

} // namespace gantry::test
