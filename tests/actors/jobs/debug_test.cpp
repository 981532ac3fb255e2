#include "tests/actors/jobs/job_fixture.hpp"

#include "actors/inspect/cpu_profile.hpp"

#include <boost/json/object.hpp>
#include <catch2/catch.hpp>

#include <chrono>
#include <cstring>
#include <string>
#include <thread>

using namespace gantry;
using test::job_fixture;

namespace {

job::env debug_level(int level) {
  job::env e;
  e.set_int("debug", level);
  return e;
}

/// Waits until `holds()`, at most a while.
template <class Condition>
bool eventually(Condition holds) {
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!holds() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  return holds();
}

} // namespace

TEST_CASE_METHOD(job_fixture, "debug_vars: DB1, tells of memory, actors and pool",
                 "[actors][jobs]") {
  auto vars = value("debug_vars").as_object();
  CHECK(vars.at("cmdline").as_array().size() >= 1);
  CHECK(vars.at("memstats").as_object().contains("Sys"));
  CHECK(vars.at("actors").at("engine").at("live") == 1);
  CHECK(vars.at("actors").at("engine").at("messages").to_number<std::uint64_t>() >= 1);
  CHECK(vars.at("scheduler").at("threads").as_array().size() ==
        services.scheduler->workers().size());
  // The job itself.
  CHECK(vars.at("worker_pool").at("running").as_array().at(0).at("label") == "debug_vars()");
}

TEST_CASE_METHOD(job_fixture, "debug_pprof: DB1, the pages are there", "[actors][jobs]") {
  auto index = text("debug_pprof", {""});
  CHECK(index.find("<title>/debug/pprof/</title>") != std::string::npos);
  for (auto name : {"goroutine", "heap", "threadcreate"})
    CHECK(index.find(std::string{"<a href=\""} + name + "?debug=1\">") != std::string::npos);
  CHECK(index.find("<a href=\"goroutine?debug=2\">") != std::string::npos);
  CHECK(text("debug_pprof").starts_with("<html>"));
  CHECK(text("debug_pprof", {"cmdline"}).find("test_") != std::string::npos);
  CHECK(text("debug_pprof", {"symbol"}, {{"addresses", "0x10"}}) == "num_symbols: 1\n");
  CHECK(text("debug_pprof", {"goroutine"}).find("\n1 @ engine ") != std::string::npos);
  CHECK(text("debug_pprof", {"goroutine"}, debug_level(2)).find("]:\nengine\n") !=
        std::string::npos);
  CHECK(text("debug_pprof", {"threadcreate"}).find("@ gantry-io-0\n") != std::string::npos);
  CHECK(text("debug_pprof", {"heap"}).starts_with("heap profile: "));
}

TEST_CASE_METHOD(job_fixture, "debug_pprof: DB2, unknown profiles are not found",
                 "[actors][jobs]") {
  for (auto name : {"block", "mutex", "allocs", "trace", "nosuch"}) {
    auto reply = run("debug_pprof", {name});
    CHECK(reply.kind == errc::not_found);
    CHECK(reply.error == std::string{"Unknown profile: "} + name);
  }
}

TEST_CASE_METHOD(job_fixture, "profile: answers when its seconds are over", "[actors][jobs]") {
  job::env one;
  one.set_int("seconds", 1);
  auto begin = std::chrono::steady_clock::now();
  auto bytes = text("debug_pprof", {"profile"}, one);
  auto took = std::chrono::steady_clock::now() - begin;
  CHECK(took >= std::chrono::milliseconds{900});
  // Words of the machine's size: 0, 3, 0, period.
  REQUIRE(bytes.size() > 5 * sizeof(std::uintptr_t));
  std::uintptr_t words[4];
  std::memcpy(words, bytes.data(), sizeof words);
  CHECK(words[0] == 0);
  CHECK(words[1] == 3);
  CHECK(words[2] == 0);
  CHECK(words[3] == 10'000); // microseconds: 100 Hz
}

TEST_CASE_METHOD(job_fixture, "profile: one at a time, and ends early when cancelled",
                 "[actors][jobs]") {
  auto id = core::next_request_id();
  auto first = start({"debug_pprof", {"profile"}, {}}, id); // 30 seconds
  REQUIRE(eventually(inspect::cpu_profile::is_running));
  auto second = run("debug_pprof", {"profile"});
  CHECK(second.kind == errc::system);
  CHECK(second.error == "Could not enable CPU profiling: cpu profiling already in use");
  caf::anon_send(engine, core::cancel_job{id});
  auto reply = wait(std::move(first));
  CHECK(reply.status == 0);
  CHECK(std::get<std::string>(reply.output).size() > 5 * sizeof(std::uintptr_t));
  // The place is free again.
  CHECK(inspect::cpu_profile::start().has_value());
}

TEST_CASE_METHOD(job_fixture, "pool job: a full pool is an answer", "[actors][jobs]") {
  std::promise<void> release;
  auto gate = release.get_future().share();
  for (int i = 0; i < 2; ++i)
    REQUIRE(services.pool->submit("stuck", [gate] { gate.wait(); }));
  REQUIRE(eventually([this] { return services.pool->snapshot().running.size() == 2; }));
  while (services.pool->submit("waits", [] {}))
    ;
  auto reply = run("debug_vars");
  CHECK(reply.kind == errc::unavailable);
  CHECK(reply.error == "debug_vars: too much work is waiting; try again later");
  auto profile = run("debug_pprof", {"profile"});
  CHECK(profile.error == "debug_pprof: too much work is waiting; try again later");
  release.set_value();
}

TEST_CASE_METHOD(job_fixture, "pool job: cancelled while it waits, it answers at once",
                 "[actors][jobs]") {
  std::promise<void> release;
  auto gate = release.get_future().share();
  for (int i = 0; i < 2; ++i)
    REQUIRE(services.pool->submit("stuck", [gate] { gate.wait(); }));
  auto id = core::next_request_id();
  auto answer = start({"debug_vars", {}, {}}, id);
  caf::anon_send(engine, core::cancel_job{id});
  auto reply = wait(std::move(answer));
  CHECK(reply.kind == errc::unavailable);
  CHECK(reply.error == "debug_vars: the client has left");
  release.set_value();
}
