#include "actors/inspect/service/event_text.hpp"
#include "actors/inspect/service/log_level.hpp"
#include "tests/actors/inspect/service/inspected.hpp"

#include "actors/core/limits.hpp"
#include "actors/runtime/actor.hpp"

#include <caf/all.hpp>
#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace gantry;
using namespace gantry::test;
using namespace std::chrono_literals;

namespace {

struct mayfly_state {
  static inline const char* name = "mayfly";
  mayfly_state() = default;
};

caf::behavior run_mayfly(caf::stateful_actor<mayfly_state>*) {
  return {[](int) {}};
}

bool says(std::string_view all, std::string_view part) {
  return all.find(part) != std::string_view::npos;
}

constexpr std::string_view follow_events = "GET /v1/events HTTP/1.1\r\nHost: i\r\n\r\n";

/// The level as it was, after the test.
struct level_guard {
  log::level before = log::current_level();
  ~level_guard() { log::set_level(before); }
};

} // namespace

TEST_CASE("inspect events: what comes and goes is told to all who listen", "[actors][inspect]") {
  inspected i;
  raw_client a{i.path()};
  raw_client b{i.path()};
  for (auto* each : {&a, &b}) {
    each->send(follow_events);
    auto head = each->receive("\r\n\r\n");
    CHECK(says(head, "200 OK"));
    CHECK(says(head, "\r\nContent-Type: text/event-stream\r\n"));
    CHECK(says(head, "\r\nTransfer-Encoding: chunked\r\n"));
  }
  auto fly = runtime::spawn(i.sys, run_mayfly);
  auto id = std::to_string(fly.id());
  caf::anon_send_exit(fly, caf::exit_reason::kill);
  for (auto* each : {&a, &b}) {
    auto news = each->receive("\"reason\":\"exit_reason::kill\"");
    CHECK(says(news, "event: actor\ndata: {\"what\":\"spawned\",\"id\":" + id +
                         ",\"kind\":\"mayfly\",\"parent\":0,\"reason\":\"\"}\n\n"));
    CHECK(says(news,
               "event: actor\ndata: {\"what\":\"ended\",\"id\":" + id + ",\"kind\":\"mayfly\""));
  }
  // The service ends with streams open.
  i.service.reset();
  a.receive_all();
}

TEST_CASE("inspect events: nothing is kept once nobody listens", "[actors][inspect]") {
  inspected i;
  auto& history = runtime::scheduler::of(i.sys)->registry().history();
  {
    raw_client a{i.path()};
    a.send(follow_events);
    a.receive("\r\n\r\n");
    CHECK(history.listened_to());
  }
  CHECK(eventually([&] { return !history.listened_to(); }));
}

TEST_CASE("inspect events: so many may listen and no more", "[actors][inspect]") {
  inspected i;
  std::vector<std::unique_ptr<raw_client>> all;
  for (std::size_t n = 0; n < limits::inspect_followers; ++n) {
    all.push_back(std::make_unique<raw_client>(i.path()));
    all.back()->send(follow_events);
    CHECK(says(all.back()->receive("\r\n\r\n"), " 200 "));
  }
  raw_client late{i.path()};
  late.send(follow_events);
  CHECK(says(late.receive("\r\n\r\n"), " 503 "));
  all.pop_back();
  CHECK(eventually([&] {
    raw_client again{i.path()};
    again.send(follow_events);
    return says(again.receive("\r\n\r\n"), " 200 ");
  }));
}

TEST_CASE("follower: is told of what it has missed, and of stalls", "[actors][inspect]") {
  runtime::history history;
  history.changes.add(runtime::actor_change{}); // before anybody listens
  inspect::follower f{history};
  std::string news;
  f.append_news(news);
  CHECK(news.empty());

  runtime::stall s;
  s.actor = 5;
  s.kind = "worker\n";
  s.duration = 5ms;
  history.changes.add(s);
  f.append_news(news);
  CHECK(news.starts_with("event: stall\ndata: {\"time\":"));
  CHECK(says(news, "\"kind\":\"worker\\n\""));
  CHECK(says(news, "\"duration_ns\":5000000"));
  CHECK(news.ends_with("}\n\n"));

  for (int n = 0; n < 5000; ++n)
    history.changes.add(runtime::actor_change{});
  news.clear();
  f.append_news(news);
  CHECK(news.starts_with("event: gap\ndata: {\"lost\":904}\n\nevent: actor\n"));
}

TEST_CASE("log level: goes back by itself", "[actors][inspect]") {
  level_guard guard;
  log::set_level(log::level::info);
  inspect::timed_log_level level;
  inspect::timed_log_level::time_point start{};
  CHECK(level.deadline() == inspect::timed_log_level::time_point::max());

  level.set(log::level::debug, 10s, start);
  CHECK(log::current_level() == log::level::debug);
  CHECK(level.deadline() == start + 10s);
  level.look(start + 9s);
  CHECK(log::current_level() == log::level::debug);
  // Another one meanwhile: back to where the first began.
  level.set(log::level::error, 10s, start + 9s);
  level.look(start + 10s);
  CHECK(log::current_level() == log::level::error);
  level.look(start + 19s);
  CHECK(log::current_level() == log::level::info);
  CHECK(level.deadline() == inspect::timed_log_level::time_point::max());

  // For good.
  level.set(log::level::warn, 0s, start);
  level.look(start + 1000s);
  CHECK(log::current_level() == log::level::warn);

  // Who changes it otherwise has the last word.
  level.set(log::level::debug, 10s, start);
  log::set_level(log::level::error);
  level.look(start + 11s);
  CHECK(log::current_level() == log::level::error);
}

TEST_CASE("inspect service: the log level is set, for a time too", "[actors][inspect]") {
  level_guard guard;
  log::set_level(log::level::error);
  inspected i;
  CHECK(i.get("/v1/loglevel").at("level") == "error");
  auto done = i.ask("PUT", "/v1/loglevel", R"({"level":"debug","for_ns":50000000})");
  CHECK(done.status == 200);
  CHECK(done.json().at("before") == "error");
  CHECK(eventually([] { return log::current_level() == log::level::error; }));
  CHECK(i.ask("PUT", "/v1/loglevel", R"({"level":"fatal"})").status == 200);
  CHECK(log::current_level() == log::level::fatal);
  for (const char* body : {"", "x", "[]", "{}", R"({"level":"loud"})", R"({"level":1})",
                           R"({"level":"info","for_ns":-1})", R"({"level":"info","for":1})"}) {
    INFO(body);
    CHECK(i.ask("PUT", "/v1/loglevel", body).status == 400);
  }
  CHECK(i.ask("PUT", "/v1/loglevel?x=1", R"({"level":"info"})").status == 400);
  CHECK(log::current_level() == log::level::fatal);
}

TEST_CASE("inspect service: changes are for root and the daemon's own user", "[actors][inspect]") {
  core::client_info who;
  CHECK_FALSE(inspect::may_change(who)); // over tcp, whatever its certificate
  who.subject = "CN=root";
  CHECK_FALSE(inspect::may_change(who));
  who.uid = 0;
  CHECK(inspect::may_change(who));
  who.uid = ::geteuid();
  CHECK(inspect::may_change(who));
  who.uid = ::geteuid() + 1;
  CHECK_FALSE(inspect::may_change(who));
}
