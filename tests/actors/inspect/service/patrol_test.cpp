#include "tests/actors/inspect/service/inspected.hpp"

#include "actors/inspect/patrol.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/kernel_place.hpp"
#include "actors/runtime/request.hpp"
#include "actors/runtime/watchdog.hpp"
#include "protocol/http/message.hpp"

#include <boost/asio/post.hpp>
#include <boost/json/object.hpp>
#include <caf/all.hpp>
#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using namespace gantry;
using namespace gantry::test;
using namespace std::chrono_literals;

namespace {

namespace json = boost::json;

/// A pipe whose reader waits in the kernel until it is fed.
struct held_pipe {
  host::unique_fd read_end, write_end;
  held_pipe() {
    int ends[2] = {-1, -1};
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
  ~held_pipe() { feed(); }
  void wait() const {
    char one = 0;
    [[maybe_unused]] auto n = ::read(read_end.get(), &one, 1);
  }
  void feed() { write_end.reset(); }
};

inspect::patrol_limits short_limits() {
  inspect::patrol_limits l;
  l.still_thread = 60ms;
  l.still_worker = 60ms;
  l.late_answer = 60ms;
  l.very_late_answer = 10min;
  l.mailbox = 8;
  l.old_message = 10ms;
  return l;
}

/// A daemon's watchdog with short limits, and what it announces.
struct watched : inspected {
  explicit watched(std::size_t threads = 2) : inspected(threads) {
    runtime::stall_listeners tell;
    tell.report = [](const runtime::stall&) {};
    tell.announce = [this](const runtime::stall& s) {
      std::lock_guard guard{mutex};
      if (s.what != runtime::stall_kind::handler) // of the patrol's alone
        announced.push_back(s);
    };
    tell.grave = 1ns;
    dog = std::make_unique<runtime::watchdog>(
        *runtime::scheduler::of(sys), 40ms, tell,
        std::make_unique<inspect::daemon_patrol>(sources(), short_limits()), 10ms);
  }
  json::value stall(std::string_view what) const {
    return find("/v1/stalls", "stalls", "what", json::string_view{what.data(), what.size()});
  }
  bool is_over(std::string_view what) const {
    auto s = stall(what);
    return s.is_object() && s.at("over") == true;
  }
  std::vector<runtime::stall> told() const {
    std::lock_guard guard{mutex};
    return announced;
  }

  mutable std::mutex mutex;
  std::vector<runtime::stall> announced;
  std::unique_ptr<runtime::watchdog> dog;
};

using crowd_actor = caf::typed_actor<caf::reacts_to<int>>;
struct crowd_state {
  static inline const char* name = "crowd";
  crowd_state() = default;
};
crowd_actor::behavior_type run_crowd(crowd_actor::stateful_pointer<crowd_state> self,
                                     std::latch* begun, held_pipe* pipe) {
  return {[self, begun, pipe](int n) {
    if (n == 1) {
      begun->count_down();
      pipe->wait();
    }
    if (n == 3)
      self->quit();
  }};
}

} // namespace

TEST_CASE("patrol: a task that does not move is named with its request and its place in the kernel",
          "[actors][inspect]") {
  watched w;
  held_pipe pipe;
  {
    runtime::request_scope scope{4711};
    REQUIRE(w.pool.submit("read a pipe \xff", [&pipe] { pipe.wait(); }));
  }
  // Something has to be going on for the patrol to begin.
  auto nobody = runtime::spawn(w.sys, [](caf::event_based_actor* self) { self->quit(); });
  REQUIRE(eventually([&] { return w.stall("worker").is_object(); }));
  auto stall = w.stall("worker").as_object();
  CHECK(stall.at("kind") == "worker");
  CHECK(stall.at("message") == "read a pipe \xef\xbf\xbd");
  CHECK(stall.at("request") == 4711);
  CHECK(std::string{stall.at("where").as_string()}.find("pipe_read") != std::string::npos);
  CHECK(stall.at("duration_ns").as_int64() >= 60'000'000);
  CHECK(stall.at("over") == false);
  pipe.feed();
  CHECK(eventually([&] { return w.is_over("worker"); }));
  REQUIRE(eventually([&] { return w.told().size() == 2; }));
  CHECK_FALSE(w.told()[0].over);
  CHECK(w.told()[1].over);
  CHECK(w.told()[1].message == "read a pipe \xff");
}

TEST_CASE("patrol: a thread that is stuck outside of actors is named, and another one stands in",
          "[actors][inspect]") {
  watched w;
  auto& scheduler = *runtime::scheduler::of(w.sys);
  auto& io = scheduler.workers()[1]->io();
  held_pipe pipe;
  boost::asio::post(io, [&pipe] { pipe.wait(); });
  // To the watchdog all are at rest; whoever looks makes it look too.
  REQUIRE(eventually([&] { return w.stall("thread").is_object(); }));
  auto stall = w.stall("thread").as_object();
  CHECK(stall.at("kind") == "thread");
  CHECK(stall.at("message") == "io 1");
  CHECK(stall.at("actor") == 0);
  CHECK(std::string{stall.at("where").as_string()}.find("pipe_read") != std::string::npos);
  CHECK(stall.at("duration_ns").as_int64() >= 60'000'000);
  CHECK(stall.at("over") == false);
  CHECK(eventually(
      [&] { return !w.find("/v1/threads", "threads", "name", "stand-in 1").is_null(); }));
  std::atomic<bool> served{false};
  boost::asio::post(io, [&served] { served = true; });
  CHECK(eventually([&] { return served.load(); }));
  // What the stand-in does is no sign of the thread's.
  for (int i = 0; i < 5; ++i) {
    const auto before = w.stall("thread").at("duration_ns").as_int64();
    CHECK(eventually([&] { return w.stall("thread").at("duration_ns").as_int64() > before; }));
  }
  CHECK(w.stall("thread").at("over") == false);
  pipe.feed();
  CHECK(eventually([&] { return w.is_over("thread"); }));
  CHECK(
      eventually([&] { return w.find("/v1/threads", "threads", "name", "stand-in 1").is_null(); }));
  REQUIRE(eventually([&] { return w.told().size() == 2; }));
  CHECK_FALSE(w.told()[0].over);
  CHECK(w.told()[1].over);
}

TEST_CASE("patrol: threads at rest are left at rest", "[actors][inspect]") {
  watched w;
  auto& scheduler = *runtime::scheduler::of(w.sys);
  auto nobody = runtime::spawn(w.sys, [](caf::event_based_actor* self) { self->quit(); });
  const auto moves = [&] {
    std::uint64_t sum = 0;
    for (const auto& thread : scheduler.workers())
      sum += runtime::times_scheduled(thread->tid());
    return sum;
  };
  REQUIRE(eventually([&] { return scheduler.watchdog_asleep.load(); }));
  // Twenty rounds would fit in; the first time a thread may still be on its way to sleep.
  const auto rests = [&] {
    const auto before = moves();
    std::this_thread::sleep_for(200ms);
    return moves() == before && scheduler.watchdog_asleep;
  };
  CHECK(eventually(rests));
}

TEST_CASE("patrol: a task that works, or waits for a client, is left alone", "[actors][inspect]") {
  watched w;
  runtime::worker_pool for_clients{1, 10, runtime::waits_for::clients};
  auto from = w.sources();
  from.pools = {&w.pool, &for_clients};
  inspect::daemon_patrol patrol{from, short_limits()};
  runtime::history kept;
  runtime::stall_book book{kept, {[](const runtime::stall&) {}}};

  std::latch begun{2};
  std::latch leave{1};
  std::atomic<bool> done{false};
  held_pipe pipe;
  REQUIRE(for_clients.submit("wait for a client", [&] {
    begun.count_down();
    leave.wait();
  }));
  REQUIRE(w.pool.submit("work", [&] {
    begun.count_down();
    while (!done.load())
      std::this_thread::yield();
  }));
  begun.wait();
  REQUIRE(w.pool.submit("be stuck", [&pipe] { pipe.wait(); }));
  CHECK(eventually([&] {
    CHECK(patrol.look(book, true));
    return !kept.stalls.all().empty();
  }));
  // All three have been at it for the same time.
  auto found = kept.stalls.all();
  REQUIRE(found.size() == 1);
  CHECK(found[0].message == "be stuck");
  done = true;
  leave.count_down();
  pipe.feed();
  CHECK(eventually([&] { return !patrol.look(book, false); }));
  CHECK(kept.stalls.all()[0].over);
  for_clients.stop();
}

TEST_CASE("patrol: a mailbox that is fuller than it may be", "[actors][inspect]") {
  watched w;
  std::latch begun{1};
  held_pipe pipe;
  auto crowd = runtime::spawn(w.sys, run_crowd, &begun, &pipe);
  caf::anon_send(crowd, 1);
  begun.wait();
  for (int i = 0; i < 9; ++i)
    caf::anon_send(crowd, 2);
  REQUIRE(eventually([&] { return w.stall("mailbox").is_object(); }));
  auto stall = w.stall("mailbox").as_object();
  CHECK(stall.at("actor") == static_cast<std::int64_t>(crowd.id()));
  CHECK(stall.at("kind") == "crowd");
  CHECK(stall.at("message") == "int");
  CHECK(stall.at("where") == "9 messages wait, 8 may");
  CHECK(stall.at("over") == false);
  pipe.feed();
  CHECK(eventually([&] { return w.is_over("mailbox"); }));
  caf::anon_send(crowd, 3);
}

TEST_CASE("patrol: a request that is late, and what has it", "[actors][inspect]") {
  watched w;
  http::request head;
  head.method = "GET";
  head.target = "/v1.50/containers/json";
  core::client_info client;
  const std::string call = "containers()";
  auto past = std::chrono::steady_clock::now() - 10s;
  const auto long_ago = runtime::now_ticks() - runtime::to_ticks(10s);
  auto ask = [&](core::connection_board::place& place, core::request_id id, bool with_client) {
    core::connection_card card;
    card.actor = 90 + id;
    card.client = std::make_shared<const core::client_info>(client);
    card.request = id;
    card.head = &head;
    card.moved = long_ago;
    card.with_client = with_client;
    place.put_up(&w.connections, card);
  };
  core::connection_board::place first, second, third, fourth;
  ask(first, 1, false);  // its job is to answer soon
  ask(second, 2, false); // its job takes what it takes
  ask(third, 3, true);   // its client is the one who is late
  core::job_board::place prompt, slow;
  prompt.put_up(&w.jobs, {1, &call, 7, &client, past, true});
  slow.put_up(&w.jobs, {2, &call, 8, &client, past, false});
  auto nobody = runtime::spawn(w.sys, [](caf::event_based_actor* self) { self->quit(); });
  REQUIRE(eventually([&] { return w.stall("request").is_object(); }));
  auto stall = w.stall("request").as_object();
  CHECK(stall.at("request") == 1);
  CHECK(stall.at("actor") == 91);
  CHECK(stall.at("kind") == "connection");
  CHECK(stall.at("message") == "GET /v1.50/containers/json");
  CHECK(stall.at("where") == "job containers() waits in actor 7");
  CHECK(stall.at("duration_ns").as_int64() >= 9'000'000'000);
  // One for which no job has begun is late too: who should have begun it is stuck.
  ask(fourth, 4, false);
  CHECK(eventually([&] {
    auto s = w.find("/v1/stalls", "stalls", "request", 4);
    return s.is_object() && s.at("where") == "no job has begun";
  }));
  first.change([](core::connection_card& card) { card.request = 0; });
  fourth.change([](core::connection_card& card) { card.request = 0; });
  CHECK(eventually([&] { return w.is_over("request"); }));
  CHECK(eventually([&] { return w.told().size() == 4; }));
  for (const auto& s : w.told())
    CHECK((s.request == 1 || s.request == 4));
}

TEST_CASE("patrol: at rest there is none", "[actors][inspect]") {
  watched w;
  auto& asleep = runtime::scheduler::of(w.sys)->watchdog_asleep;
  held_pipe pipe;
  REQUIRE(w.pool.submit("read a pipe", [&pipe] { pipe.wait(); }));
  auto nobody = runtime::spawn(w.sys, [](caf::event_based_actor* self) { self->quit(); });
  // Only the task is left, and it is looked at while no actor runs.
  REQUIRE(eventually([&] { return w.stall("worker").is_object(); }));
  pipe.feed();
  REQUIRE(eventually([&] { return w.is_over("worker"); }));
  CHECK(eventually([&] { return asleep.load(); }));
}
