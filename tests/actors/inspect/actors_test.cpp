#include "actors/inspect/actors.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace gantry;
using namespace std::chrono_literals;
using inspect::actor_activity;
using runtime::actor_snapshot;

namespace {

actor_snapshot make(std::uint64_t id, const char* kind) {
  actor_snapshot a;
  a.id = id;
  a.kind = kind;
  a.parent = 1;
  a.age = 20s;
  a.messages = 7;
  return a;
}

std::vector<actor_snapshot> some() {
  auto idle = make(2, "connection");
  auto ready = make(3, "connection");
  ready.waiting = 40ms;
  ready.mailbox = 5;
  auto running = make(4, "router");
  running.present = "gantry::core::run_job";
  running.present_age = 1500ms;
  running.busy = 2s;
  return {ready, idle, running, make(5, "connection")};
}

} // namespace

TEST_CASE("actors: an activity follows from what is known", "[actors][inspect]") {
  auto all = some();
  CHECK(inspect::activity_of(all[0]) == actor_activity::ready);
  CHECK(inspect::activity_of(all[1]) == actor_activity::idle);
  CHECK(inspect::activity_of(all[2]) == actor_activity::running);
  all[2].waiting = 1ms; // rescheduled while it was looked at
  CHECK(inspect::activity_of(all[2]) == actor_activity::running);
}

TEST_CASE("actors: DB1, counted by kind and state", "[actors][inspect]") {
  CHECK(inspect::actor_profile(some(), {}, 0) == "goroutine profile: total 4\n"
                                                 "2 @ connection idle\n"
                                                 "1 @ connection ready\n"
                                                 "1 @ router running\n");
  CHECK(inspect::actor_profile({}, {}, 0) == "goroutine profile: total 0\n");
}

TEST_CASE("actors: DB1, a line each with debug", "[actors][inspect]") {
  CHECK(inspect::actor_profile(some(), {}, 1) ==
        "goroutine profile: total 4\n"
        "2 @ connection idle\n"
        "#\tactor 2 parent 1 mailbox 0 messages 7\n"
        "#\tactor 5 parent 1 mailbox 0 messages 7\n"
        "1 @ connection ready\n"
        "#\tactor 3 parent 1 mailbox 5 messages 7\n"
        "1 @ router running\n"
        "#\tactor 4 parent 1 mailbox 0 messages 7 handles gantry::core::run_job for 1.5s\n");
}

TEST_CASE("actors: the dump begins with what hangs", "[actors][inspect]") {
  auto dump = inspect::actor_dump(some(), {});
  CHECK(dump == "actor 4 [running, 1.5s]:\nrouter\n\tmessage gantry::core::run_job\n"
                "\tparent 1, mailbox 0, messages 7, busy 2s, age 20s\n\n"
                "actor 3 [ready, 40ms]:\nconnection\n"
                "\tparent 1, mailbox 5, messages 7, busy 0ms, age 20s\n\n"
                "actor 2 [idle]:\nconnection\n"
                "\tparent 1, mailbox 0, messages 7, busy 0ms, age 20s\n\n"
                "actor 5 [idle]:\nconnection\n"
                "\tparent 1, mailbox 0, messages 7, busy 0ms, age 20s\n\n");
  CHECK(inspect::actor_profile(some(), {}, 2) == dump);
  CHECK(inspect::actor_profile(some(), {}, 9) == dump);

  runtime::stall handler;
  handler.actor = 4;
  handler.kind = "router";
  handler.message = "run_job";
  handler.duration = 1500ms;
  handler.request = 77;
  handler.where = "futex_wait < do_futex";
  auto over = handler;
  over.over = true;
  runtime::stall thread;
  thread.what = runtime::stall_kind::thread;
  thread.kind = "thread";
  thread.message = "io 1";
  thread.duration = 3s;
  CHECK(inspect::actor_dump(some(), {handler, over, thread}) ==
        "stall handler [1.5s]:\nrouter\n\tmessage run_job\n\tactor 4\n\trequest 77\n"
        "\tat futex_wait < do_futex\n\n"
        "stall thread [3s]:\nthread\n\tmessage io 1\n\n" +
            dump);
}
