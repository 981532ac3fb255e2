#include "tests/actors/inspect/service/inspected.hpp"

#include "actors/core/interfaces.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/watchdog.hpp"

#include <boost/json/array.hpp>
#include <caf/all.hpp>
#include <catch2/catch.hpp>

#include <latch>
#include <string>

using namespace gantry;
using namespace gantry::test;
using namespace std::chrono_literals;

namespace {

namespace json = boost::json;

/// Gets stuck on the number 1 until it is let go.
using sticky_actor = caf::typed_actor<caf::reacts_to<int>>::extend_with<core::inspectable_actor>;

struct sticky_state {
  static inline const char* name = "sticky";
  sticky_state() = default;
};

sticky_actor::behavior_type run_sticky(sticky_actor::stateful_pointer<sticky_state> self,
                                       std::latch* begun, std::latch* leave) {
  runtime::set_label("tape");
  return {[self, begun, leave](int n) {
            if (n != 1)
              return self->quit();
            runtime::works_for(4711);
            begun->count_down();
            leave->wait();
            runtime::works_for(0);
          },
          [](core::describe) {
            return core::facts{{{"colour", "red"}, {"odd \xff", "\xfe"}}};
          }};
}

/// Lets go of what is stuck, also if the test ends early.
struct let_go {
  std::latch& latch;
  ~let_go() {
    if (!latch.try_wait())
      latch.count_down();
  }
};

struct quiet_state {
  static inline const char* name = "quiet";
  quiet_state() = default;
};

caf::behavior run_quiet(caf::stateful_actor<quiet_state>*) {
  return {[](int) {}};
}

std::int64_t number(std::uint64_t id) { return static_cast<std::int64_t>(id); }

} // namespace

TEST_CASE("inspect: actors, workers and threads that are stuck are found by name, message and age",
          "[actors][inspect]") {
  inspected i;
  std::latch begun{2};
  std::latch leave{1};
  std::latch task_begun{1};
  std::latch task_leave{1};
  let_go task_guard{task_leave};
  let_go guard{leave};
  auto one = runtime::spawn(i.sys, run_sticky, &begun, &leave);
  auto other = runtime::spawn(i.sys, run_sticky, &begun, &leave);
  // Both threads: nobody is left who could run an actor. Once all have begun and rest, who is woken
  // goes to the threads in turns.
  for (auto id : {one.id(), other.id()})
    REQUIRE(eventually(
        [&] { return i.get("/v1/actors/" + std::to_string(id)).at("facts_missing") == ""; }));
  REQUIRE(eventually([&] { return runtime::scheduler::of(i.sys)->all_idle(); }));
  caf::anon_send(one, 1);
  caf::anon_send(other, 1);
  begun.wait();
  caf::anon_send(one, 2);
  i.pool.submit("mount /nowhere", [&] {
    task_begun.count_down();
    task_leave.wait();
  });
  task_begun.wait();
  ::poll(nullptr, 0, 2); // so that there are ages

  auto id = number(one.id());
  auto actor = i.find("/v1/actors", "actors", "id", id).as_object();
  CHECK(actor.at("kind") == "sticky");
  CHECK(actor.at("name") == "sticky tape");
  CHECK(actor.at("state") == "running");
  CHECK(actor.at("message") == "int");
  CHECK(actor.at("message_age_ns").as_int64() >= 2'000'000);
  CHECK(actor.at("request") == 4711);
  CHECK(actor.at("mailbox") == 1);
  CHECK(actor.at("oldest_ns").as_int64() >= 2'000'000);

  auto page = i.get("/v1/actors?state=running&sort=message_age&kind=sticky&limit=1");
  CHECK(page.at("total") == 2);
  CHECK(page.at("actors").as_array().size() == 1);

  auto thread = i.find("/v1/threads", "threads", "actor", id).as_object();
  CHECK(thread.at("kind") == "sticky");
  CHECK(thread.at("message") == "int");
  CHECK(thread.at("age_ns").as_int64() >= 2'000'000);
  CHECK(thread.at("tid").as_int64() != 0);
  CHECK(thread.at("name").as_string().starts_with("io "));

  auto pool = i.get("/v1/pool").at("pool").as_object();
  auto task = pool.at("tasks").as_array().at(0).as_object();
  CHECK(task.at("label") == "mount /nowhere");
  CHECK(task.at("state") == "running");
  CHECK(task.at("tid").as_int64() != 0);
  CHECK(task.at("age_ns").as_int64() >= 2'000'000);

  // It cannot say anything about itself, and is asked once only.
  for (int n = 0; n < 3; ++n) {
    auto detail = i.get("/v1/actors/" + std::to_string(id));
    CHECK(detail.at("facts_missing") == "no answer within 200ms");
    CHECK(detail.at("facts").as_object().empty());
    CHECK(detail.at("actor").at("name") == "sticky tape");
    CHECK(detail.at("actor").at("handling").at("buckets").is_array());
  }
  CHECK(i.find("/v1/actors", "actors", "id", id).at("mailbox") == 1);

  auto dump = i.get("/v1/dump");
  CHECK(dump.at("actors").as_array().size() >= 2);
  CHECK(dump.at("threads").as_array().size() == 2);
  CHECK(dump.at("missing").as_array().empty());

  task_leave.count_down();
  leave.count_down();
  // Now it can.
  caf::anon_send(other, 2);
  CHECK(eventually([&] { return i.find("/v1/actors", "actors", "id", id).is_null(); }));
  CHECK(i.ask("GET", "/v1/actors/" + std::to_string(id)).status == 404);
}

TEST_CASE("inspect: the watchdog's findings, and who stands in", "[actors][inspect]") {
  inspected i{1};
  runtime::watchdog dog{*runtime::scheduler::of(i.sys), 20ms, {[](const runtime::stall&) {}}};
  std::latch begun{1};
  std::latch leave{1};
  let_go guard{leave};
  auto stuck = runtime::spawn(i.sys, run_sticky, &begun, &leave);
  caf::anon_send(stuck, 1);
  begun.wait();
  auto id = number(stuck.id());
  REQUIRE(eventually([&] { return !i.find("/v1/stalls", "stalls", "actor", id).is_null(); }));
  auto stall = i.find("/v1/stalls", "stalls", "actor", id).as_object();
  CHECK(stall.at("what") == "handler");
  CHECK(stall.at("kind") == "sticky");
  CHECK(stall.at("message") == "int");
  CHECK(stall.at("request") == 4711);
  CHECK(stall.at("duration_ns").as_int64() >= 20'000'000);
  CHECK(stall.at("over") == false);
  CHECK(eventually(
      [&] { return !i.find("/v1/threads", "threads", "name", "stand-in 0").is_null(); }));
  // With it, others answer.
  auto fine = runtime::spawn(i.sys, run_sticky, &begun, &leave);
  auto detail = i.get("/v1/actors/" + std::to_string(fine.id()));
  CHECK(detail.at("facts").at("colour") == "red");
  leave.count_down();
  CHECK(eventually([&] { return i.find("/v1/stalls", "stalls", "actor", id).at("over") == true; }));
  caf::anon_send(stuck, 2);
  caf::anon_send(fine, 2);
}

TEST_CASE("inspect: an actor tells about itself", "[actors][inspect]") {
  inspected i;
  std::latch unused{1};
  auto one = runtime::spawn(i.sys, run_sticky, &unused, &unused);
  auto detail = i.get("/v1/actors/" + std::to_string(one.id()));
  CHECK(detail.at("facts_missing") == "");
  CHECK(detail.at("facts").at("colour") == "red");
  // Whatever it says, it is JSON.
  CHECK(detail.at("facts").at("odd \xef\xbf\xbd") == "\xef\xbf\xbd");
  CHECK(detail.at("traced") == false);
  caf::anon_send(one, 2);
  // One that does not know how says nothing, and gets a dead letter.
  auto quiet = runtime::spawn(i.sys, run_quiet);
  auto other = i.get("/v1/actors/" + std::to_string(quiet.id()));
  CHECK(other.at("facts").as_object().empty());
  CHECK(other.at("facts_missing") != "");
  auto letter = i.find("/v1/dead-letters", "dead_letters", "actor", number(quiet.id())).as_object();
  CHECK(letter.at("type") == "gantry::core::describe");
  CHECK(letter.at("kind") == "quiet");
  caf::anon_send_exit(quiet, caf::exit_reason::kill);
  auto id = number(quiet.id());
  REQUIRE(eventually([&] { return !i.find("/v1/deaths", "deaths", "actor", id).is_null(); }));
  auto death = i.find("/v1/deaths", "deaths", "actor", id).as_object();
  CHECK(death.at("reason") == "exit_reason::kill");
  CHECK(death.at("kind") == "quiet");
}

TEST_CASE("inspect: ten thousand actors", "[actors][inspect]") {
  inspected i;
  std::vector<caf::actor> many;
  for (int n = 0; n < 10'000; ++n)
    many.push_back(runtime::spawn(i.sys, run_quiet));
  auto page = i.get("/v1/actors?kind=quiet");
  CHECK(page.at("total") == 10'000);
  CHECK(page.at("actors").as_array().size() == 10'000);
  auto few = i.get("/v1/actors?kind=quiet&sort=age&limit=5");
  CHECK(few.at("total") == 10'000);
  CHECK(few.at("actors").as_array().size() == 5);
  CHECK(few.at("actors").as_array().at(0).at("id") == number(many.front().id()));
  CHECK(i.get("/v1/tree").at("roots").as_array().size() >= 10'000);
  for (auto& a : many)
    caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
}
