#include "actors/runtime/actor.hpp"
#include "actors/runtime/system.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <caf/all.hpp>
#include <catch2/catch.hpp>

#include <atomic>
#include <future>
#include <latch>

using namespace gantry::runtime;
using namespace std::chrono_literals;

TEST_CASE("worker_pool: results arrive as messages", "[actors][runtime]") {
  system_config cfg{};
  caf::actor_system sys{cfg};
  worker_pool pool{2, 8};
  std::promise<int> got;
  auto receiver = spawn(sys, [&](caf::event_based_actor* self) -> caf::behavior {
    return {[self, &got](int x) {
      got.set_value(x);
      self->quit();
    }};
  });
  REQUIRE(pool.ask("answer", receiver, [] { return 42; }));
  CHECK(got.get_future().get() == 42);
}

TEST_CASE("worker_pool: a full queue refuses and says so", "[actors][runtime]") {
  std::latch started{1};
  std::latch release{1};
  worker_pool pool{1, 2};
  REQUIRE(pool.submit("holder", [&] {
    started.count_down();
    release.wait();
  }));
  started.wait();
  CHECK(pool.submit("a", [] {}));
  CHECK(pool.submit("b", [] {}));
  CHECK_FALSE(pool.submit("c", [] {}));
  auto seen = pool.snapshot();
  REQUIRE(seen.running.size() == 1);
  CHECK(seen.running[0].label == "holder");
  REQUIRE(seen.waiting.size() == 2);
  CHECK(seen.waiting[0].label == "a");
  CHECK(seen.capacity == 2);
  release.count_down();
}

TEST_CASE("worker_pool: a running task that waits for a dropped one does not hold up the stop",
          "[actors][runtime]") {
  worker_pool pool{1, 8};
  std::latch started{1};
  std::latch queued{1};
  auto answer = std::make_shared<std::promise<void>>();
  std::atomic<bool> broken{false};
  REQUIRE(pool.submit("asks", [&, answered = answer->get_future().share()] {
    started.count_down();
    queued.wait();
    try {
      answered.get();
    } catch (const std::future_error&) {
      broken = true;
    }
  }));
  started.wait();
  REQUIRE(pool.submit("answers", [answer = std::move(answer)] { answer->set_value(); }));
  queued.count_down();
  pool.stop();
  CHECK(broken);
}

TEST_CASE("worker_pool: destruction waits for the running task and drops the others",
          "[actors][runtime]") {
  std::atomic<bool> finished{false};
  std::atomic<int> others{0};
  auto token = std::make_shared<int>(1);
  std::latch started{1};
  {
    worker_pool pool{1, 8};
    pool.submit("first", [&] {
      started.count_down();
      std::promise<void> p;
      p.get_future().wait_for(20ms);
      finished = true;
    });
    started.wait();
    for (int i = 0; i < 5; ++i)
      pool.submit("later", [&others, token] { ++others; });
  }
  CHECK(finished);
  CHECK(others == 0);
  CHECK(token.use_count() == 1);
}
