#include "actors/jobs/builtins.hpp"
#include "tests/support/actor_fixture.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

using namespace gantry;
using namespace gantry::test;
using namespace std::chrono_literals;

namespace {

constexpr api::timestamp start{1'700'000'000s};

class events_jobs_fixture : public actor_fixture {
public:
  events_jobs_fixture() {
    hub = spawn(events::run_hub, events::hub_options{256, 1024, [now = now] { return *now; }});
    engine::job_table table;
    jobs::add_events_jobs(table, hub).value();
    engine::engine_options options;
    options.log_jobs = false;
    engine = spawn(engine::run_engine, std::move(table), options);
    run();
  }
  ~events_jobs_fixture() {
    kill(hub); // ends the jobs `events` that are still there
    kill(engine);
  }

  core::request_id send(const probe& client, job::request what) {
    core::run_job r;
    r.id = core::next_request_id();
    r.what = std::move(what);
    r.client = client.ptr();
    auto id = r.id;
    caf::anon_send(engine, std::move(r));
    run();
    return id;
  }

  job::reply reply_of(job::request what) {
    auto client = make_probe();
    send(client, std::move(what));
    return client->reply();
  }

  /// Starts the job `events`.
  probe listen(job::env environment) {
    auto client = make_probe();
    send(client, {"events", {}, std::move(environment)});
    return client;
  }

  void post(std::string action, std::string type = "container", std::string id = "c1") {
    api::event e;
    e.type = std::move(type);
    e.action = std::move(action);
    e.actor = std::move(id);
    caf::anon_send(hub, events::publish{std::move(e)});
    run();
  }

  void pass(std::chrono::nanoseconds d) {
    *now += d;
    advance_time(d);
  }

  std::uint64_t subscribers() { return ask_now<std::uint64_t>(hub, events::count_subscribers{}); }

  std::shared_ptr<api::timestamp> now = std::make_shared<api::timestamp>(start);
  events::hub_actor hub;
  core::engine_actor engine;
};

} // namespace

TEST_CASE_METHOD(events_jobs_fixture, "events: the answer begins before any event (W14, R2)",
                 "[actors][jobs]") {
  auto client = listen({{"shape", "1.2"}});
  CHECK(client->order == "b");
  CHECK(client->begun.front().content_type == "application/json");
}

TEST_CASE_METHOD(events_jobs_fixture, "events: the shape of 1.2.0 has nothing between (W12, K-6)",
                 "[actors][jobs]") {
  auto client = listen({{"shape", "1.2"}});
  send(make_probe(), {"log", {"start", "abc", "busybox:latest"}, {}});
  post("connect", "network");
  send(make_probe(), {"log", {"untag", "def", ""}, {}});
  CHECK(client->streamed() ==
        R"({"status":"start","id":"abc","from":"busybox:latest","time":1700000000})"
        R"({"status":"untag","id":"def","time":1700000000})");
}

TEST_CASE_METHOD(events_jobs_fixture, "events: the shape of today has a line each",
                 "[actors][jobs]") {
  auto client = listen({{"shape", "today"}});
  post("create", "volume", "data");
  CHECK(client->streamed() ==
        R"({"Type":"volume","Action":"create","Actor":{"ID":"data","Attributes":{}},)"
        R"("scope":"local","time":1700000000,"timeNano":1700000000000000000})"
        "\n");
}

TEST_CASE_METHOD(events_jobs_fixture, "events: filters are those of the environment",
                 "[actors][jobs]") {
  auto client = listen({{"shape", "1.2"}, {"filters", R"({"event":["die"]})"}});
  post("start");
  post("die");
  CHECK(client->streamed() == R"({"status":"die","id":"c1","time":1700000000})");
}

TEST_CASE_METHOD(events_jobs_fixture, "events: since and until in the past replay and end (W13)",
                 "[actors][jobs]") {
  post("start");
  *now += 10s;
  post("die");
  *now += 10s;
  auto client = listen({{"shape", "1.2"}, {"since", "1700000005"}, {"until", "1700000015.5"}});
  CHECK(client->order == "bod");
  CHECK(client->streamed() == R"({"status":"die","id":"c1","time":1700000010})");
  CHECK(client->reply().status == job::status_ok);
  CHECK(subscribers() == 0);
}

TEST_CASE_METHOD(events_jobs_fixture, "events: until alone shows the kept ones, but not in 1.2.0",
                 "[actors][jobs]") {
  post("start");
  *now += 10s;
  auto today = listen({{"shape", "today"}, {"until", "1700000005"}});
  CHECK(today->order == "bod");
  auto old = listen({{"shape", "1.2"}, {"until", "1700000005"}});
  CHECK(old->order == "bd");
}

TEST_CASE_METHOD(events_jobs_fixture, "events: 0 and garbage mean open in 1.2.0 (W13)",
                 "[actors][jobs]") {
  auto text = GENERATE("0", "0.000000000", "yesterday", "");
  post("start");
  auto client = listen({{"shape", "1.2"}, {"since", text}, {"until", text}});
  CHECK(client->order == "b");
  post("die");
  CHECK(client->order == "bo");
}

TEST_CASE_METHOD(events_jobs_fixture, "events: until in the future ends then (W13)",
                 "[actors][jobs]") {
  auto client = listen({{"shape", "1.2"}, {"until", "1700000030"}});
  post("start");
  pass(29s);
  CHECK(client->done.empty());
  pass(1s);
  CHECK(client->order == "bod");
  CHECK(client->reply().status == job::status_ok);
}

TEST_CASE_METHOD(events_jobs_fixture, "events: what cannot be read fails before the stream",
                 "[actors][jobs]") {
  auto bad_time = reply_of({"events", {}, {{"since", "yesterday"}}});
  CHECK(bad_time.kind == errc::invalid_parameter);
  auto bad_order = reply_of({"events", {}, {{"since", "20"}, {"until", "10"}}});
  CHECK(bad_order.error == "`since` time (20) cannot be after `until` time (10)");
  auto client = listen({{"filters", "nonsense"}});
  CHECK(client->order == "d");
  CHECK(client->reply().kind == errc::invalid_parameter);
  CHECK(subscribers() == 0);
}

TEST_CASE_METHOD(events_jobs_fixture, "events: a slow client holds back its own events only (K-26)",
                 "[actors][jobs]") {
  auto slow = listen({{"shape", "1.2"}});
  auto fast = listen({{"shape", "1.2"}});
  // Each about 64 KiB: the window takes four, and the job has asked for 64.
  std::string id(64 * 1024, 'x');
  for (int i = 0; i < 100; ++i) {
    post("start", "container", id);
    core::tell(fast->begun.front().job, core::job_credit{id.size() + 64});
    run();
  }
  CHECK(fast->output.size() == 100);
  CHECK(slow->output.size() == 4);
  auto job = caf::actor_cast<core::job_actor>(slow->begun.front().job);
  CHECK(ask_now<core::facts>(job, core::describe{}).values[1] ==
        std::pair<std::string, std::string>{"events waiting for credit", "64"});
  core::tell(slow->begun.front().job, core::job_credit{200 * id.size()});
  run();
  CHECK(slow->output.size() == 100);
}

TEST_CASE_METHOD(events_jobs_fixture, "events: a client that is overtaken is told, in any shape",
                 "[actors][jobs]") {
  auto client = listen({{"shape", "1.2"}});
  std::string id(limits::stream_window, 'x');
  post("start", "container", id); // the window is used up
  for (int i = 0; i < 1024 + 64 + 7; ++i)
    post("die");
  core::tell(client->begun.front().job, core::job_credit{10 << 20});
  run();
  auto all = client->streamed();
  CHECK(all.find(R"({"status":"events-lost","id":"","time":1700000000})") != std::string::npos);
  std::size_t deaths = 0;
  for (auto at = all.find("die"); at != std::string::npos; at = all.find("die", at + 1))
    ++deaths;
  CHECK(deaths == 1024 + 64);
}

TEST_CASE_METHOD(events_jobs_fixture, "events: a large replay comes in pieces, in order",
                 "[actors][jobs]") {
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    auto id = std::to_string(i) + std::string(500, 'x');
    post("start", "container", id);
    expected += R"({"status":"start","id":")" + id + R"(","time":1700000000})";
  }
  auto client = listen({{"shape", "1.2"}, {"since", "1"}, {"until", "1700000000"}});
  CHECK(client->streamed() == expected);
  CHECK(client->output.size() > 1);
  CHECK(client->order.back() == 'd');
}

TEST_CASE_METHOD(events_jobs_fixture, "events: ends when its client leaves (W16)",
                 "[actors][jobs]") {
  auto client = make_probe();
  auto id = send(client, {"events", {}, {}});
  CHECK(subscribers() == 1);
  caf::anon_send(engine, core::cancel_job{id});
  run();
  CHECK(subscribers() == 0);
  CHECK(client->reply().status == job::status_ok);
}

TEST_CASE_METHOD(events_jobs_fixture, "events: ends when the daemon shuts down", "[actors][jobs]") {
  auto client = listen({});
  auto over = ask<core::done>(engine, core::shutdown_engine{});
  run();
  CHECK(over->has_value());
  CHECK(client->order == "bd");
  CHECK(client->reply().status == job::status_ok);
}

TEST_CASE_METHOD(events_jobs_fixture, "events: fails when there is no source of events any more",
                 "[actors][jobs]") {
  auto client = listen({});
  kill(hub);
  CHECK(client->order == "bd");
  CHECK(client->reply().error == "events: the source of events has ended");
  CHECK(listen({})->reply().kind == errc::unavailable);
}

TEST_CASE_METHOD(events_jobs_fixture, "log: wants three arguments", "[actors][jobs]") {
  std::vector<std::string> args =
      GENERATE(std::vector<std::string>{}, std::vector<std::string>{"a", "b"},
               std::vector<std::string>{"a", "b", "c", "d"});
  auto reply = reply_of({"log", args, {}});
  CHECK(reply.status == job::status_error);
  CHECK(reply.kind == errc::invalid_parameter);
  CHECK(reply.error == "usage: log ACTION ID FROM");
}

TEST_CASE_METHOD(events_jobs_fixture, "log: has no output", "[actors][jobs]") {
  auto reply = reply_of({"log", {"start", "abc", "busybox"}, {}});
  CHECK(reply.status == job::status_ok);
  CHECK(std::holds_alternative<std::monostate>(reply.output));
}

TEST_CASE_METHOD(events_jobs_fixture, "subscribers_count: counts the jobs events",
                 "[actors][jobs]") {
  auto count = [this] {
    auto reply = reply_of({"subscribers_count", {}, {}});
    return boost::json::serialize(std::get<boost::json::value>(reply.output));
  };
  CHECK(count() == R"({"count":0})");
  auto a = listen({});
  auto b = listen({});
  CHECK(count() == R"({"count":2})");
}

TEST_CASE_METHOD(events_jobs_fixture, "subscribers_count: fails without a source of events",
                 "[actors][jobs]") {
  kill(hub);
  auto reply = reply_of({"subscribers_count", {}, {}});
  CHECK(reply.status == job::status_error);
  CHECK(reply.kind == errc::unavailable);
}

TEST_CASE("events jobs: are added once", "[actors][jobs]") {
  engine::job_table table;
  CHECK(jobs::add_events_jobs(table, {}).has_value());
  CHECK(table.listing() == "events\nlog\nsubscribers_count\n");
  auto again = jobs::add_events_jobs(table, {});
  REQUIRE(again.has_error());
  CHECK(again.error().message == "Can't overwrite handler for command events");
}
