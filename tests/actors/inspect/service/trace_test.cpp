#include "actors/inspect/service/actor_changes.hpp"
#include "tests/actors/inspect/service/inspected.hpp"

#include "actors/runtime/actor.hpp"
#include "actors/runtime/request.hpp"

#include <boost/json/array.hpp>
#include <caf/all.hpp>
#include <catch2/catch.hpp>

#include <poll.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <latch>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace gantry;
using namespace gantry::test;
using namespace std::chrono_literals;

namespace {

struct clerk_state {
  static inline const char* name = "clerk";
  clerk_state() = default;
};

/// Handles numbers with `f`.
caf::behavior run_clerk(caf::stateful_actor<clerk_state>*, const std::function<void(int)>& f) {
  return {[f](int n) { f(n); }};
}

struct office_state {
  static inline const char* name = "office";
  office_state() = default;
};

/// Spawns a clerk below itself, for `f`.
caf::behavior run_office(caf::stateful_actor<office_state>* self, const std::function<void(int)>& f,
                         caf::actor* clerk, std::latch* there) {
  *clerk = runtime::spawn(self, run_clerk, f);
  there->count_down();
  return {[](int) {}};
}

/// A clerk that is nobody's essential one.
caf::actor clerk_of(inspected& i, std::function<void(int)> f) {
  caf::actor clerk;
  std::latch there{1};
  runtime::spawn(i.sys, run_office, std::move(f), &clerk, &there);
  there.wait();
  return clerk;
}

std::string page_of(const caf::actor& actor, std::string_view verb) {
  return "/v1/actors/" + std::to_string(actor.id()) + std::string{verb};
}

std::string state_of(inspected& i, const caf::actor& actor) {
  auto found = i.find("/v1/actors", "actors", "id", actor.id());
  return found.is_null() ? "gone" : std::string{found.at("state").as_string()};
}

} // namespace

TEST_CASE("inspect trace: a request with what was done for it, by whom and where",
          "[actors][inspect]") {
  inspected i;
  std::latch begun{1};
  std::latch leave{1};
  std::atomic<int> seen{0};
  auto last = clerk_of(i, [&](int n) {
    if (n == 1) {
      begun.count_down();
      leave.wait();
    }
    seen = n;
  });
  auto first = clerk_of(i, [&](int n) {
    runtime::works_for(77);
    i.pool.submit("hash it", [] {});
    caf::anon_send(last, n);
    runtime::works_for(0);
  });
  core::client_info who;
  who.address = "unix";
  auto client = std::make_shared<const core::client_info>(who);
  http::request head;
  head.method = "POST";
  head.target = "/containers/\xff/start";
  {
    core::connection_board::place card;
    card.put_up(&i.connections,
                {first.id(), nullptr, client, {}, 0, 77, &head, runtime::now_ticks()});
    {
      runtime::request_scope scope{77};
      caf::anon_send(first, 1);
    }
    begun.wait();
    REQUIRE(
        eventually([&] { return i.get("/v1/requests/77").at("spans").as_array().size() == 3; }));
    ::poll(nullptr, 0, 2); // so that there are ages
    auto trace = i.get("/v1/requests/77");
    auto request = trace.at("request").as_object();
    CHECK(request.at("call") == "POST /containers/\xef\xbf\xbd/start");
    CHECK(request.at("client") == "unix");
    CHECK(request.at("connection") == first.id());
    CHECK(request.at("took_ns").as_int64() >= 2'000'000);
    CHECK(request.at("status") == 0);
    CHECK(request.at("over") == false);
    CHECK(trace.at("missing") == "");
    auto spans = trace.at("spans").as_array();
    REQUIRE(spans.size() == 3);
    // The one that is being handled now is there too.
    auto of = [&spans](const boost::json::value& actor) {
      for (auto& s : spans)
        if (s.at("actor") == actor)
          return s;
      return boost::json::value{};
    };
    CHECK(of(last.id()).at("took_ns").as_int64() >= 2'000'000);
    CHECK(of(last.id()).at("message") == "int");
    CHECK(of(last.id()).at("name") == "clerk");
    CHECK(of(last.id()).at("thread").as_string().starts_with("io "));
    CHECK(of(first.id()).at("kind") == "clerk");
    CHECK(of(0).at("message") == "hash it");
    CHECK(of(0).at("thread") == "worker");
    CHECK(spans[0].at("actor") == first.id());
    CHECK(i.get("/v1/requests").at("requests").as_array().size() == 1);
    CHECK(i.get("/v1/actors?request=77").at("total") == 1);
    CHECK(i.get("/v1/actors?request=78").at("total") == 0);
  }
  i.requests.add({77, head.method, head.target, client, first.id(), runtime::now_ticks(), 204});
  leave.count_down();
  REQUIRE(eventually([&] { return seen == 1; }));
  CHECK(eventually([&] {
    auto dump = i.get("/v1/dump");
    return dump.at("spans").as_array().size() == 3 && dump.at("requests").as_array().size() == 1;
  }));
  auto over = i.get("/v1/requests?limit=5").at("requests").as_array();
  REQUIRE(over.size() == 1);
  CHECK(over[0].at("over") == true);
  CHECK(over[0].at("status") == 204);
  CHECK(i.get("/v1/requests/77").at("spans").as_array().size() == 3);
  CHECK(i.ask("GET", "/v1/requests/78").status == 404);
  CHECK(i.ask("GET", "/v1/requests?limit=x").status == 400);
}

TEST_CASE("inspect trace: an actor's messages, from begin to end", "[actors][inspect]") {
  inspected i;
  std::atomic<int> seen{0};
  auto one = clerk_of(i, [&](int n) { seen = n; });
  CHECK(i.get(page_of(one, "/trace")).at("traced") == false);
  REQUIRE(i.ask("POST", page_of(one, "/trace")).status == 204);
  for (int n = 1; n <= 100; ++n)
    caf::anon_send(one, n);
  REQUIRE(eventually([&] { return i.get(page_of(one, "/trace")).at("total") == 100; }));
  auto trace = i.get(page_of(one, "/trace"));
  CHECK(trace.at("traced") == true);
  REQUIRE(trace.at("last").as_array().size() == 64);
  CHECK(trace.at("last").at(0).at("type") == "int");
  CHECK(trace.at("last").at(0).at("time").as_string() <
        trace.at("last").at(63).at("time").as_string());
  CHECK(i.get(page_of(one, "")).at("traced") == true);
  REQUIRE(i.ask("DELETE", page_of(one, "/trace")).status == 204);
  REQUIRE(i.ask("DELETE", page_of(one, "/trace")).status == 204);
  trace = i.get(page_of(one, "/trace"));
  CHECK(trace.at("traced") == false);
  CHECK(trace.at("last").as_array().empty());
  for (auto method : {"GET", "POST", "DELETE"})
    CHECK(i.ask(method, "/v1/actors/1000000/trace").status == 404);
  CHECK(i.ask("POST", page_of(one, "/trace?x=1")).status == 400);
  CHECK(i.ask("PUT", page_of(one, "/trace")).status == 405);
  std::vector<caf::actor> many;
  for (std::size_t n = 0; n < runtime::actor_registry::most_traced; ++n) {
    many.push_back(clerk_of(i, [](int) {}));
    REQUIRE(i.ask("POST", page_of(many.back(), "/trace")).status == 204);
  }
  auto refused = i.ask("POST", page_of(one, "/trace"));
  CHECK(refused.status == 409);
  CHECK(refused.json().at("message") ==
        "16 actors are traced already; end one of their traces first");
}

TEST_CASE("inspect trace: ends by itself", "[actors][inspect]") {
  inspected i;
  auto* scheduler = runtime::scheduler::of(i.sys);
  auto one = clerk_of(i, [](int) {});
  auto other = clerk_of(i, [](int) {});
  inspect::timed_traces traces{*scheduler};
  const auto now = std::chrono::steady_clock::now();
  CHECK(traces.deadline() == inspect::timed_traces::time_point::max());
  using tracing = runtime::actor_registry::tracing;
  REQUIRE(traces.begin(one.id(), now) == tracing::begun);
  REQUIRE(traces.begin(other.id(), now + 1min) == tracing::begun);
  CHECK(traces.begin(1'000'000, now) == tracing::no_actor);
  CHECK(traces.deadline() == now + inspect::timed_traces::length);
  REQUIRE(traces.begin(one.id(), now + 2min) == tracing::begun); // its time again
  traces.look(now + inspect::timed_traces::length + 1min);
  CHECK(scheduler->registry().find(one.id())->traced);
  CHECK_FALSE(scheduler->registry().find(other.id())->traced);
  CHECK(traces.end(one.id()));
  CHECK_FALSE(scheduler->registry().find(one.id())->traced);
  CHECK(traces.deadline() == inspect::timed_traces::time_point::max());
}

TEST_CASE("inspect changes: a paused actor handles nothing, and says so, until it is resumed",
          "[actors][inspect]") {
  inspected i;
  std::atomic<int> seen{0};
  auto one = clerk_of(i, [&](int n) { seen = n; });
  REQUIRE(i.ask("POST", page_of(one, "/pause")).status == 204);
  caf::anon_send(one, 1);
  REQUIRE(eventually([&] { return state_of(i, one) == "paused"; }));
  CHECK(i.get("/v1/actors?state=paused").at("total") == 1);
  CHECK(eventually([&] {
    return i.find("/v1/actors", "actors", "id", one.id()).at("oldest_ns").as_int64() > 1'000'000;
  }));
  CHECK(i.find("/v1/actors", "actors", "id", one.id()).at("mailbox") == 1);
  CHECK(i.get(page_of(one, "")).at("facts_missing") == "no answer within 200ms");
  CHECK(seen == 0);
  REQUIRE(i.ask("POST", page_of(one, "/resume")).status == 204);
  REQUIRE(eventually([&] { return seen == 1; }));
  CHECK(eventually([&] { return state_of(i, one) == "idle"; }));
  for (auto verb : {"/pause", "/resume", "/kill"}) {
    CHECK(i.ask("POST", "/v1/actors/1000000" + std::string{verb}).status == 404);
    CHECK(i.ask("POST", "/v1/actors/x" + std::string{verb}).status == 404);
    CHECK(i.ask("GET", page_of(one, verb)).status == 405);
  }
}

TEST_CASE("inspect changes: an actor is killed ahead of its mailbox, paused or stuck",
          "[actors][inspect]") {
  inspected i;
  std::latch begun{1};
  std::latch leave{1};
  std::atomic<int> handled{0};
  auto one = clerk_of(i, [&](int n) {
    ++handled;
    if (n == 1) {
      begun.count_down();
      leave.wait();
    }
  });
  SECTION("stuck in a handler, with others waiting") {
    for (int n = 1; n < 5; ++n)
      caf::anon_send(one, n);
    begun.wait();
    REQUIRE(i.ask("POST", page_of(one, "/kill")).status == 204);
    CHECK(state_of(i, one) == "running");
    leave.count_down();
    REQUIRE(eventually([&] { return state_of(i, one) == "gone"; }));
  }
  SECTION("paused") {
    REQUIRE(i.ask("POST", page_of(one, "/pause")).status == 204);
    for (int n = 2; n < 5; ++n)
      caf::anon_send(one, n);
    REQUIRE(i.ask("POST", page_of(one, "/kill?force=0")).status == 204);
    REQUIRE(eventually([&] { return state_of(i, one) == "gone"; }));
    CHECK(handled == 0);
    leave.count_down();
  }
  SECTION("at rest, the last handle being that of the kill") {
    const auto page = page_of(one, "/kill");
    const auto id = one.id();
    REQUIRE(i.ask("POST", page).status == 204);
    one = nullptr;
    REQUIRE(eventually([&] { return !runtime::scheduler::of(i.sys)->registry().find(id); }));
    leave.count_down();
  }
  CHECK(eventually([&] {
    auto death = i.find("/v1/deaths", "deaths", "kind", "clerk");
    return death.is_object() && death.at("reason") == "exit_reason::kill";
  }));
  // Nothing is left of those who have done it.
  CHECK(eventually([&] { return i.get("/v1/actors").at("total") == 0; }));
}

TEST_CASE("inspect changes: what the daemon cannot do without is killed by force only",
          "[actors][inspect]") {
  inspected i;
  auto top = runtime::spawn(i.sys, run_clerk, std::function<void(int)>{[](int) {}});
  auto refused = i.ask("POST", page_of(top, "/kill"));
  CHECK(refused.status == 409);
  CHECK(refused.json().at("message").as_string().find("cannot do without") != std::string::npos);
  CHECK(state_of(i, top) == "idle");
  for (auto query : {"?force=2", "?force=1&force=1", "?x=1", "?force"})
    CHECK(i.ask("POST", page_of(top, "/kill") + query).status == 400);
  REQUIRE(i.ask("POST", page_of(top, "/kill?force=1")).status == 204);
  CHECK(eventually([&] { return state_of(i, top) == "gone"; }));
  runtime::actor_snapshot a;
  a.parent = 7;
  a.kind = "connection";
  CHECK_FALSE(inspect::is_essential(a));
  a.kind = "listener";
  CHECK(inspect::is_essential(a));
}
