#include "actors/inspect/vars.hpp"
#include "actors/runtime/ticks.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace gantry;
using namespace std::chrono_literals;

TEST_CASE("vars: DB1, names in order", "[actors][inspect]") {
  auto vars = inspect::debug_vars({});
  std::vector<std::string> names;
  for (const auto& member : vars)
    names.emplace_back(member.key());
  CHECK(names ==
        std::vector<std::string>{"actors", "cmdline", "memstats", "scheduler", "worker_pool"});
}

TEST_CASE("vars: DB3, malloc's figures have Go's names", "[actors][inspect]") {
  auto memory = inspect::debug_vars({}).at("memstats").as_object();
  for (auto name : {"Alloc", "Sys", "HeapAlloc", "HeapIdle", "HeapInuse", "HeapSys"})
    CHECK(memory.contains(name));
  CHECK(memory.at("Sys").to_number<std::uint64_t>() >=
        memory.at("HeapInuse").to_number<std::uint64_t>());
}

TEST_CASE("vars: actors are summed by kind", "[actors][inspect]") {
  inspect::vars_facts facts;
  facts.arguments = {"gantryd", "-D"};
  runtime::kind_snapshot kind;
  kind.kind = "router";
  kind.spawned = 3;
  kind.messages = 100;
  kind.busy = 5us;
  kind.handling[10] = 99;
  kind.handling[20] = 1;
  facts.kinds = {kind};
  runtime::actor_snapshot one;
  one.kind = "router";
  one.mailbox = 4;
  auto two = one;
  two.mailbox = 6;
  facts.actors = {one, two};
  facts.timers = 9;
  facts.threads.resize(2);
  facts.threads[0].queued = 1;
  facts.threads[1].actor = 12;
  facts.threads[1].kind = "router";
  facts.threads[1].message = "x";
  facts.threads[1].age = 3ns;
  facts.pool.threads = 1;
  facts.pool.capacity = 8;
  facts.pool.running = {{"hash", 7ns}};
  auto vars = inspect::debug_vars(facts);
  CHECK(vars.at("cmdline") == boost::json::array{"gantryd", "-D"});
  const auto& router = vars.at("actors").at("router");
  CHECK(router.at("live") == 2);
  CHECK(router.at("spawned") == 3);
  CHECK(router.at("messages") == 100);
  CHECK(router.at("busy_ns") == 5000);
  CHECK(router.at("mailbox") == 10);
  CHECK(router.at("mailbox_max") == 6);
  CHECK(router.at("waiting_p99_ns") == 0);
  auto end_of = [](int bucket) {
    return static_cast<double>(runtime::to_duration(runtime::ticks{1} << bucket).count());
  };
  CHECK(router.at("handling_p50_ns").to_number<double>() == Approx(end_of(10)).margin(2));
  CHECK(router.at("handling_p99_ns").to_number<double>() == Approx(end_of(10)).margin(2));
  CHECK(boost::json::serialize(vars.at("scheduler")) ==
        R"({"actors":2,"threads":[{"queued":1},{"queued":0,"actor":12,"kind":"router",)"
        R"("message":"x","age_ns":3}],"timers":9})");
  CHECK(boost::json::serialize(vars.at("worker_pool")) ==
        R"({"threads":1,"capacity":8,"running":[{"label":"hash","age_ns":7}],"waiting":[]})");
}
