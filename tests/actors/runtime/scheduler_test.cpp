#include "actors/runtime/actor.hpp"
#include "actors/runtime/system.hpp"
#include "actors/runtime/watchdog.hpp"

#include <caf/all.hpp>
#include <catch2/catch.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <future>
#include <latch>
#include <thread>

using namespace gantry::runtime;
using namespace std::chrono_literals;

namespace {

using echo_actor =
    caf::typed_actor<caf::replies_to<int>::with<int>, caf::reacts_to<caf::atom_value>>;

struct echo_state {
  static inline const char* name = "echo";
  echo_state() = default;
};

echo_actor::behavior_type run_echo(echo_actor::stateful_pointer<echo_state> self) {
  return {[](int x) { return x + 1; }, [self](caf::atom_value) { self->quit(); }};
}

struct idle_state {
  static inline const char* name = "idle";
  idle_state() = default;
};

/// Sends itself a message for ever, until it is told to end.
using spinner_actor = caf::typed_actor<caf::reacts_to<std::uint64_t>, caf::reacts_to<caf::unit_t>>;

struct spinner_state {
  static inline const char* name = "spinner";
  spinner_state() = default;
  std::atomic<std::uint64_t>* turns = nullptr;
};

spinner_actor::behavior_type run_spinner(spinner_actor::stateful_pointer<spinner_state> self,
                                         std::atomic<std::uint64_t>* turns) {
  self->state.turns = turns;
  self->send(self, std::uint64_t{1});
  return {[self](std::uint64_t n) {
            self->state.turns->fetch_add(1);
            self->send(self, n + 1);
          },
          [self](caf::unit_t) { self->quit(); }};
}

bool wait_until(const std::function<bool()>& condition, std::chrono::seconds limit = 20s) {
  auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::yield();
  }
  return true;
}

system_options options(io_layout layout, std::size_t threads = 2) {
  system_options o;
  o.threads = threads;
  o.layout = layout;
  return o;
}

} // namespace

TEST_CASE("scheduler: a request from a plain thread is answered", "[actors][runtime]") {
  for (auto layout : {io_layout::shared, io_layout::per_thread}) {
    system_config cfg{options(layout)};
    caf::actor_system sys{cfg};
    auto echo = spawn(sys, run_echo);
    caf::scoped_actor self{sys};
    int answer = 0;
    self->request(echo, 10s, 41).receive([&](int x) { answer = x; }, [](caf::error&) {});
    CHECK(answer == 42);
    caf::anon_send(echo, caf::atom("stop"));
  }
}

TEST_CASE("scheduler: an actor that floods itself does not starve timers, sockets or others",
          "[actors][runtime]") {
  system_config cfg{options(io_layout::shared, 1)};
  caf::actor_system sys{cfg};
  std::atomic<std::uint64_t> turns{0};
  auto spinner = spawn(sys, run_spinner, &turns);
  REQUIRE(wait_until([&] { return turns > 1000; }));

  std::promise<void> fired;
  boost::asio::steady_timer timer{scheduler::of(sys)->next_io(), 5ms};
  timer.async_wait([&](auto) { fired.set_value(); });
  CHECK(fired.get_future().wait_for(10s) == std::future_status::ready);

  auto echo = spawn(sys, run_echo);
  caf::scoped_actor self{sys};
  bool answered = false;
  self->request(echo, 10s, 1).receive([&](int) { answered = true; }, [](caf::error&) {});
  CHECK(answered);
  caf::anon_send(echo, caf::atom("stop"));
  caf::anon_send(spinner, caf::unit);
}

TEST_CASE("scheduler: delayed messages and request time-outs come on time", "[actors][runtime]") {
  system_config cfg{options(io_layout::shared)};
  caf::actor_system sys{cfg};
  std::promise<std::chrono::steady_clock::time_point> arrived;
  auto start = std::chrono::steady_clock::now();
  auto waiter = spawn(sys, [&](caf::event_based_actor* self) -> caf::behavior {
    self->delayed_send(self, 30ms, 1);
    return {[self, &arrived](int) {
      arrived.set_value(std::chrono::steady_clock::now());
      self->quit();
    }};
  });
  auto future = arrived.get_future();
  REQUIRE(future.wait_for(10s) == std::future_status::ready);
  CHECK(future.get() - start >= 30ms);

  auto silent = spawn(sys, [](caf::event_based_actor* self) -> caf::behavior {
    self->set_default_handler(caf::skip);
    return {[](float) {}};
  });
  std::promise<bool> timed_out;
  spawn(sys, [&](caf::event_based_actor* self) {
    self->request(silent, 20ms, 1)
        .then([&](int) { timed_out.set_value(false); },
              [&](caf::error& e) { timed_out.set_value(e == caf::sec::request_timeout); });
  });
  CHECK(timed_out.get_future().get());
  caf::anon_send_exit(silent, caf::exit_reason::user_shutdown);
}

TEST_CASE("scheduler: a delayed message to an actor that has ended does not hold it",
          "[actors][runtime]") {
  system_config cfg{options(io_layout::shared)};
  caf::actor_system sys{cfg};
  auto* s = scheduler::of(sys);
  auto echo = spawn(sys, run_echo);
  caf::scoped_actor self{sys};
  self->delayed_send(echo, 1h, caf::atom("stop"));
  CHECK(s->clock().pending() == 1);
  caf::anon_send(echo, caf::atom("stop"));
  CHECK(wait_until([&] { return s->clock().pending() == 0; }));
}

TEST_CASE("scheduler: counts messages, busy time and mailbox of each actor and kind",
          "[actors][runtime]") {
  system_config cfg{options(io_layout::shared)};
  caf::actor_system sys{cfg};
  auto* s = scheduler::of(sys);
  auto echo = spawn(sys, run_echo);
  caf::scoped_actor self{sys};
  for (int i = 0; i < 10; ++i)
    self->request(echo, 10s, i).receive([](int) {}, [](caf::error&) { FAIL("no answer"); });
  auto mine = [&] {
    for (auto& a : s->registry().snapshot())
      if (a.id == echo.id())
        return a;
    return actor_snapshot{};
  };
  REQUIRE(wait_until([&] { return mine().messages == 10; }));
  CHECK(std::string{mine().kind} == "echo");
  CHECK(mine().mailbox == 0);
  CHECK(mine().busy > 0ns);
  CHECK(mine().present.empty());
  std::uint64_t messages = 0;
  for (auto& k : s->kinds())
    if (std::string{k.kind} == "echo")
      messages = k.messages;
  CHECK(messages >= 10);
  caf::anon_send(echo, caf::atom("stop"));
  CHECK(wait_until([&] { return mine().id == 0; }));
}

TEST_CASE("scheduler: shows the present message and the mailbox while a handler runs",
          "[actors][runtime]") {
  system_config cfg{options(io_layout::shared)};
  caf::actor_system sys{cfg};
  auto* s = scheduler::of(sys);
  std::latch entered{1};
  std::latch leave{1};
  using held_actor = caf::typed_actor<caf::reacts_to<std::string>>;
  auto held = spawn(sys, [&](held_actor::stateful_pointer<idle_state> self) {
    return held_actor::behavior_type{[self, &entered, &leave](const std::string& what) {
      if (what != "hold")
        return self->quit();
      entered.count_down();
      leave.wait();
    }};
  });
  caf::anon_send(held, std::string{"hold"});
  entered.wait();
  caf::anon_send(held, std::string{"end"});
  actor_snapshot seen;
  for (auto& a : s->registry().snapshot())
    if (a.id == held.id())
      seen = a;
  CHECK(seen.present_age > 0ns);
  CHECK(seen.mailbox == 1);
  leave.count_down();
}

TEST_CASE("watchdog: names actor, message and duration of a handler that blocks",
          "[actors][runtime]") {
  system_config cfg{options(io_layout::shared)};
  caf::actor_system sys{cfg};
  auto* s = scheduler::of(sys);
  std::mutex mutex;
  std::vector<stall> stalls;
  std::latch noticed{1};
  watchdog dog{*s, 20ms, {[&](const stall& x) {
                 std::lock_guard guard{mutex};
                 stalls.push_back(x);
                 if (!x.over)
                   noticed.count_down();
               }}};
  auto blocker = spawn(sys, [&](spinner_actor::stateful_pointer<spinner_state> self) {
    return spinner_actor::behavior_type{[self, &noticed](std::uint64_t) {
                                          noticed.wait();
                                          self->quit();
                                        },
                                        [](caf::unit_t) {}};
  });
  auto id = blocker.id();
  caf::anon_send(blocker, std::uint64_t{1});
  REQUIRE(wait_until([&] {
    std::lock_guard guard{mutex};
    return stalls.size() >= 2;
  }));
  std::lock_guard guard{mutex};
  CHECK(stalls[0].actor == id);
  CHECK(stalls[0].kind == "spinner");
  CHECK(stalls[0].duration >= 20ms);
  CHECK_FALSE(stalls[0].over);
  CHECK(stalls[1].over);
}

TEST_CASE("watchdog: actors queued behind a stuck handler go on elsewhere", "[actors][runtime]") {
  system_config cfg{options(io_layout::shared, 2)};
  caf::actor_system sys{cfg};
  auto* s = scheduler::of(sys);
  watchdog dog{*s, 20ms, {[](const stall&) {}}};
  std::latch answered{1};
  // The stuck actor first makes others ready on its own thread, then blocks until one has run.
  auto stuck = spawn(sys, [&](caf::event_based_actor* self) -> caf::behavior {
    return {[&answered, self](int) {
      auto other = [&answered](caf::event_based_actor*) -> caf::behavior {
        return {[&answered](float) { answered.count_down(); }};
      };
      self->send(spawn(self, other), 1.0f);
      answered.wait();
      self->quit();
    }};
  });
  caf::anon_send(stuck, 1);
  CHECK(wait_until([&] { return answered.try_wait(); }));
}

TEST_CASE("watchdog: sockets and timers of a stuck thread are looked after by a stand-in",
          "[actors][runtime]") {
  auto threads = GENERATE(std::size_t{1}, std::size_t{2});
  system_config cfg{options(io_layout::per_thread, threads)};
  caf::actor_system sys{cfg};
  auto* s = scheduler::of(sys);
  watchdog dog{*s, 20ms, {[](const stall&) {}}};
  // A second time the thread of the first one is taken up again.
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < threads; ++i) {
      INFO("thread " << i << ", round " << round);
      auto& stuck = *s->workers()[i];
      std::latch begun{1};
      std::latch leave{1};
      auto block = [&](spinner_actor::stateful_pointer<spinner_state> self) {
        return spinner_actor::behavior_type{[self, &begun, &leave](std::uint64_t) {
                                              begun.count_down();
                                              leave.wait();
                                              self->quit();
                                            },
                                            [](caf::unit_t) {}};
      };
      boost::asio::post(stuck.io(), [&] { caf::anon_send(spawn(sys, block), std::uint64_t{1}); });
      begun.wait();
      // Sockets and timers are handlers of the io_context.
      std::promise<worker*> ran;
      boost::asio::steady_timer timer{stuck.io(), 1ms};
      timer.async_wait([&](const boost::system::error_code&) { ran.set_value(worker::current()); });
      auto future = ran.get_future();
      auto in_time = future.wait_for(30s) == std::future_status::ready;
      // So are actors that were made ready by them.
      std::latch answered{1};
      auto answer = [&answered](caf::event_based_actor*) -> caf::behavior {
        return {[&answered](float) { answered.count_down(); }};
      };
      boost::asio::post(stuck.io(), [&] { caf::anon_send(spawn(sys, answer), 1.0f); });
      CHECK(wait_until([&] { return answered.try_wait(); }));
      CHECK(s->standing_in() >= 1);
      leave.count_down();
      REQUIRE(in_time);
      CHECK(wait_until([&] { return s->standing_in() == 0; }));
    }
  }
}

TEST_CASE("scheduler: idle threads use no CPU", "[actors][runtime]") {
  system_config cfg{options(io_layout::shared)};
  caf::actor_system sys{cfg};
  watchdog dog{*scheduler::of(sys), 4ms};
  REQUIRE(wait_until([&] { return scheduler::of(sys)->watchdog_asleep.load(); }));
  auto cpu = [] {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
  };
  auto before = cpu();
  std::promise<void> never;
  // Time itself is under test here.
  never.get_future().wait_for(300ms);
  CHECK(cpu() - before < 5ms);
}
