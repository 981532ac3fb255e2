#include "actors/metrics/metric_pages.hpp"

#include "actors/core/figures.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/system.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "protocol/api/routes.hpp"
#include "tests/actors/metrics/metric_text.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/stateful_actor.hpp>
#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <latch>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace gantry;
using namespace gantry::metrics;
using namespace std::chrono_literals;
using test::value_of;

namespace {

struct counting_state {
  static inline const char* name = "metric-test";
  counting_state() = default;
};

/// Hangs on the number 1 until it is let go.
caf::behavior run_counting(caf::stateful_actor<counting_state>* self, std::latch* begun,
                           std::latch* leave) {
  return {[self, begun, leave](int n) {
    if (n == 2)
      return self->quit();
    if (n == 1) {
      begun->count_down();
      leave->wait();
    }
  }};
}

/// Lets go of what is stuck, also if the test ends early.
struct released {
  std::latch& latch;
  ~released() {
    if (!latch.try_wait())
      latch.count_down();
  }
};

runtime::system_options one_thread() {
  runtime::system_options options;
  options.threads = 1;
  return options;
}

/// A system of actors and what is told of it.
struct measured {
  core::job_board jobs;
  core::connection_board connections;
  runtime::worker_pool pool{2, 100};
  runtime::system_config config{one_thread()};
  caf::actor_system sys{config};
  std::vector<container_reading> containers;

  measured() { sys.await_actors_before_shutdown(false); }

  sources from() {
    sources s;
    s.system.scheduler = runtime::scheduler::of(sys);
    s.system.jobs = &jobs;
    s.system.connections = &connections;
    s.pools = {{"work", &pool}};
    s.engine = [] {
      return engine_facts{"1.2.3",
                          "abc",
                          "2026-11-23T00:00:00Z",
                          "the \"id\"",
                          "x86_64",
                          "overlay2",
                          "6.1",
                          "Debian",
                          "12",
                          2,
                          1024};
    };
    s.containers = [this] { return containers; };
    return s;
  }
};

/// The whole answer to `request`, on a connection of its own.
std::string ask(const std::string& bound, const std::string& request) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port =
      htons(static_cast<std::uint16_t>(std::stoi(bound.substr(bound.rfind(':') + 1))));
  host::unique_fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  REQUIRE(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(request.size()));
  std::string all;
  char bytes[65536];
  for (;;) {
    pollfd p{fd.get(), POLLIN, 0};
    REQUIRE(::poll(&p, 1, 20'000) == 1);
    const auto n = ::recv(fd.get(), bytes, sizeof bytes, 0);
    if (n <= 0)
      return all;
    all.append(bytes, static_cast<std::size_t>(n));
  }
}

std::string request_line(const std::string& what) {
  return what + " HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n";
}

} // namespace

TEST_CASE("metrics: which engine this is", "[actors][metrics]") {
  measured m;
  const auto text = metric_reader{m.from()}.text();
  CHECK(text.find("# HELP engine_daemon_engine_info Always 1; which engine this is, on which "
                  "machine.\n"
                  "# TYPE engine_daemon_engine_info gauge\n"
                  "engine_daemon_engine_info{architecture=\"x86_64\",commit=\"abc\","
                  "daemon_id=\"the \\\"id\\\"\",graphdriver=\"overlay2\",kernel=\"6.1\","
                  "os=\"Debian\",os_type=\"linux\",os_version=\"12\",version=\"1.2.3\"} 1\n") !=
        text.npos);
  CHECK(value_of(text, "engine_daemon_engine_cpus_cpus") == 2);
  CHECK(value_of(text, "engine_daemon_engine_memory_bytes") == 1024);
  CHECK(value_of(text, "gantry_build_info{version=\"1.2.3\",commit=\"abc\","
                       "built=\"2026-11-23T00:00:00Z\"}") == 1);
  CHECK(value_of(text, "process_resident_memory_bytes") > 1'000'000);
}

TEST_CASE("metrics: before the machine was looked at there is no engine", "[actors][metrics]") {
  measured m;
  auto from = m.from();
  from.engine = [] { return engine_facts{}; };
  const auto text = metric_reader{std::move(from)}.text();
  CHECK(text.find("engine_daemon_engine_") == text.npos);
  CHECK(text.find("gantry_build_info{") != text.npos);
}

TEST_CASE("metrics: containers", "[actors][metrics]") {
  measured m;
  inspect::container_view web;
  web.id = "cc";
  web.name = "web";
  web.state = "running";
  web.pid = 42;
  web.cpu = 1500ms;
  web.memory = 4096;
  web.pids = 3;
  web.pressure = {{"cpu", 1, 0, 2s, 1s}};
  inspect::container_view old;
  old.id = "dd";
  old.name = "old";
  old.state = "exited";
  m.containers = {{web, 4}, {old, 0}};
  metric_reader reader{m.from()};
  const auto text = reader.text();
  const std::string who = "{id=\"cc\",name=\"web\"";
  CHECK(value_of(text, "gantry_container_cpu_seconds_total" + who + "}") == 1.5);
  CHECK(value_of(text, "gantry_container_memory_bytes" + who + "}") == 4096);
  CHECK(value_of(text, "gantry_container_pids" + who + "}") == 3);
  CHECK(value_of(text, "gantry_container_oom_kills_total" + who + "}") == 4);
  const auto pressure =
      "gantry_container_pressure_seconds_total" + who + ",resource=\"cpu\",share=";
  CHECK(value_of(text, pressure + "\"some\"}") == 2);
  CHECK(value_of(text, pressure + "\"full\"}") == 1);
  CHECK(text.find("limit_bytes") == text.npos);
  CHECK(text.find("\"old\"") == text.npos);
  const std::string state = "engine_daemon_container_states_containers{state=";
  CHECK(value_of(text, state + "\"running\"}") == 1);
  CHECK(value_of(text, state + "\"paused\"}") == 0);
  CHECK(value_of(text, state + "\"stopped\"}") == 1);
  m.containers[0].view.memory_limit = 8192;
  CHECK(value_of(reader.text(), "gantry_container_memory_limit_bytes" + who + "}") == 8192);
}

TEST_CASE("metrics: answers by route, and what they did", "[actors][metrics]") {
  measured m;
  metric_reader reader{m.from()};
  const auto routes = api::routes();
  REQUIRE(routes.size() < core::request_figures::most_routes);
  const auto number_of = [&routes](std::string_view operation) {
    const auto at = std::find_if(routes.begin(), routes.end(),
                                 [&](const auto& r) { return r.operation == operation; });
    return static_cast<std::size_t>(at - routes.begin()) + 1;
  };
  const std::string start = "method=\"POST\",route=\"/containers/{name}/start\"";
  const auto before = reader.text();
  auto& requests = core::counted().requests;
  requests.answered(number_of("ContainerStart"), 204, 20ms);
  requests.answered(number_of("ContainerStart"), 409, 400us);
  requests.refused(0, 400);
  const auto text = reader.text();
  const auto more = [&](const std::string& series) {
    return value_of(text, series) - value_of(before, series, 0);
  };
  CHECK(more("gantry_http_requests_total{" + start + ",code=\"2xx\"}") == 1);
  CHECK(more("gantry_http_requests_total{" + start + ",code=\"4xx\"}") == 1);
  CHECK(more("gantry_http_requests_total{method=\"other\",route=\"other\",code=\"4xx\"}") == 1);
  const auto took = "gantry_http_request_duration_seconds_";
  CHECK(more(took + ("bucket{" + start) + ",le=\"0.0005\"}") == 1);
  CHECK(more(took + ("bucket{" + start) + ",le=\"0.025\"}") == 2);
  CHECK(more(took + ("count{" + start) + "}") == 2);
  CHECK(more(took + ("sum{" + start) + "}") == Approx(0.0204));
  // As dockerd does, only what was done is measured.
  const std::string action = "engine_daemon_container_actions_seconds_";
  CHECK(more(action + "bucket{action=\"start\",le=\"0.01\"}") == 0);
  CHECK(more(action + "bucket{action=\"start\",le=\"0.025\"}") == 1);
  CHECK(more(action + "count{action=\"start\"}") == 1);
  CHECK(value_of(text, action + "count{action=\"changes\"}") >= 0);
  CHECK(text.find(action + "bucket{action=\"start\",le=\"0.0001\"}") == text.npos);
  CHECK(text.find(action + "bucket{action=\"start\",le=\"30\"}") == text.npos);
}

TEST_CASE("metrics: actors, threads and pools; a stuck system is told", "[actors][metrics]") {
  measured m;
  metric_reader reader{m.from()};
  std::latch begun{1};
  std::latch leave{1};
  released guard{leave};
  auto actor = runtime::spawn(m.sys, run_counting, &begun, &leave);
  caf::anon_send(actor, 0);
  caf::anon_send(actor, 1);
  begun.wait();
  caf::anon_send(actor, 0);
  caf::anon_send(actor, 0);
  const std::string kind = "{kind=\"metric-test\"";
  auto text = reader.text();
  CHECK(value_of(text, "gantry_actors" + kind + "}") == 1);
  CHECK(value_of(text, "gantry_actors_spawned_total" + kind + "}") == 1);
  CHECK(value_of(text, "gantry_actor_mailbox_messages" + kind + "}") == 2);
  CHECK(value_of(text, "gantry_actor_mailbox_messages_max" + kind + "}") == 2);
  CHECK(value_of(text, "gantry_threads{state=\"busy\"}") == 1);
  CHECK(value_of(text, "gantry_threads{state=\"idle\"}") == 0);
  CHECK(value_of(text, "gantry_pool_threads{pool=\"work\"}") == 0); // there was no work for them
  CHECK(value_of(text, "gantry_pool_capacity{pool=\"work\"}") == 100);
  CHECK(value_of(text, "gantry_pool_tasks{pool=\"work\",state=\"running\"}") == 0);
  CHECK(value_of(text, "gantry_jobs") == 0);
  leave.count_down();
  const auto handled = "gantry_actor_messages_total" + kind + "}";
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (value_of(text, handled) < 4 && std::chrono::steady_clock::now() < end) {
    const auto before = std::exchange(text, reader.text());
    for (const auto& counter : {"gantry_actor_busy_seconds_total" + kind + "}", handled,
                                "gantry_actor_handling_seconds_sum" + kind + "}",
                                "gantry_actor_handling_seconds_count" + kind + "}"})
      CHECK(value_of(text, counter) >= value_of(before, counter));
  }
  CHECK(value_of(text, handled) == 4);
  CHECK(value_of(text, "gantry_actor_handling_seconds_bucket" + kind + ",le=\"+Inf\"}") == 4);
  CHECK(value_of(text, "gantry_actor_handling_seconds_bucket" + kind + ",le=\"17.179869184\"}") ==
        4);
  caf::anon_send(actor, 2);
}

TEST_CASE("metrics: deaths, dead letters and stalls are counted once", "[actors][metrics]") {
  measured m;
  metric_reader reader{m.from()};
  auto text = reader.text();
  CHECK(value_of(text, "gantry_actor_deaths_total") == 0);
  CHECK(value_of(text, "gantry_stalls_total{what=\"handler\"}") == 0);
  auto& history = runtime::scheduler::of(m.sys)->registry().history();
  CHECK(value_of(text, "gantry_stalls{what=\"worker\"}") == 0);
  runtime::stall hangs;
  hangs.kind = "x";
  for (int i = 0; i < 3; ++i)
    history.stalls.add(hangs);
  hangs.over = true;
  history.stalls.add(hangs);
  history.deaths.add({});
  history.dead_letters.add({});
  for (int i = 0; i < 2; ++i) {
    text = reader.text();
    CHECK(value_of(text, "gantry_stalls_total{what=\"handler\"}") == 4);
    CHECK(value_of(text, "gantry_stalls{what=\"handler\"}") == 3);
    CHECK(value_of(text, "gantry_actor_deaths_total") == 1);
    CHECK(value_of(text, "gantry_dead_letters_total") == 1);
  }
  // More than are kept, since somebody looked.
  for (int i = 0; i < 100; ++i)
    history.stalls.add(hangs);
  text = reader.text();
  CHECK(value_of(text, "gantry_stalls_total{what=\"handler\"}") +
            value_of(text, "gantry_stalls_total{what=\"unknown\"}") ==
        104);
  CHECK(value_of(text, "gantry_stalls{what=\"handler\"}") == 0);
}

TEST_CASE("metrics: over HTTP, with the one thread of actors stuck", "[actors][metrics]") {
  measured m;
  auto service = make_service(m.from());
  auto opened = service->open({host::parse_listen_address("tcp://127.0.0.1:0").value(), {}});
  REQUIRE(opened.has_value());
  const auto where = service->bound();
  std::latch begun{1};
  std::latch leave{1};
  released guard{leave};
  auto actor = runtime::spawn(m.sys, run_counting, &begun, &leave);
  caf::anon_send(actor, 1);
  begun.wait();

  const auto answer = ask(where, request_line("GET /metrics?x=1"));
  const auto end = answer.find("\r\n\r\n");
  REQUIRE(end != answer.npos);
  const auto head = answer.substr(0, end);
  CHECK(head.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(head.find("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n") != head.npos);
  CHECK(value_of(answer.substr(end + 4), "gantry_actors{kind=\"metric-test\"}") == 1);

  const auto without_body = ask(where, request_line("HEAD /metrics"));
  CHECK(without_body.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(without_body.ends_with("\r\n\r\n"));
  const auto elsewhere = ask(where, request_line("GET /"));
  CHECK(elsewhere.starts_with("HTTP/1.1 404 Not Found\r\n"));
  CHECK(elsewhere.ends_with("\r\n\r\nthere is no such page; metrics are at /metrics\n"));
  const auto changed = ask(where, request_line("DELETE /metrics"));
  CHECK(changed.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
  CHECK(changed.find("\r\nAllow: GET, HEAD\r\n") != changed.npos);
  leave.count_down();
  caf::anon_send(actor, 2);

  auto other = make_service(m.from());
  const auto taken = other->open({host::parse_listen_address(where).value(), {}}).error().message;
  CHECK(taken == "failed to listen on " + where + ": bind: Address already in use");
}
