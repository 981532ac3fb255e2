#include "actors/runtime/actor.hpp"
#include "actors/runtime/request.hpp"
#include "actors/runtime/spans.hpp"
#include "actors/runtime/system.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <caf/all.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <latch>
#include <string>
#include <thread>
#include <vector>

using namespace gantry;
using namespace gantry::runtime;
using namespace std::chrono_literals;

namespace {

/// What the tests of this file make actors of: a function for numbers.
struct working_state {
  static inline const char* name = "working";
  working_state() = default;
};

using work = std::function<void(caf::event_based_actor*, int)>;

caf::behavior run_working(caf::stateful_actor<working_state>* self, const work& f) {
  return {[self, f](int n) { f(self, n); }, [self](const std::string&) { self->quit(); }};
}

bool in_time(const std::function<bool()>& condition) {
  auto end = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::yield();
  }
  return true;
}

system_options with_threads(std::size_t n) {
  system_options o;
  o.threads = n;
  return o;
}

/// Those of all threads, of one request.
std::vector<span> spans_of(caf::actor_system& sys, std::uint64_t request) {
  std::vector<span> all;
  for (auto& w : scheduler::of(sys)->workers())
    for (auto& s : w->spans().all())
      if (s.request == request)
        all.push_back(s);
  return all;
}

/// A span of which every member follows from its number.
span numbered(std::uint64_t n) {
  return {n,
          n % 4096,
          n % 512,
          n * 3,
          n + 1,
          n % 2 ? &typeid(int) : nullptr,
          static_cast<kind_id>(n % 128)};
}

bool is_numbered(const span& s) {
  auto told = numbered(s.began);
  return s.took == told.took && s.waited == told.waited && s.actor == told.actor &&
         s.request == told.request && s.message == told.message && s.kind == told.kind;
}

} // namespace

TEST_CASE("span ring: keeps the last ones in their order", "[actors][runtime]") {
  span_ring ring;
  CHECK(ring.all().empty());
  for (std::uint64_t n = 0; n < 300; ++n)
    ring.add(numbered(n));
  auto all = ring.all();
  REQUIRE(all.size() == 300);
  for (std::uint64_t n = 0; n < 300; ++n) {
    CHECK(all[n].began == n);
    CHECK(is_numbered(all[n]));
  }
  for (std::uint64_t n = 300; n < 10'000; ++n)
    ring.add(numbered(n));
  all = ring.all();
  REQUIRE(all.size() == span_ring::capacity - 1);
  CHECK(all.front().began == 10'001 - span_ring::capacity);
  CHECK(all.back().began == 9'999);
}

TEST_CASE("span ring: one that keeps nothing", "[actors][runtime]") {
  span_ring ring{false};
  ring.add({1, 1, 1, 1, 1, nullptr, 1});
  CHECK(ring.all().empty());
}

TEST_CASE("span ring: times of any length are kept to 24 bits", "[actors][runtime]") {
  span_ring ring;
  constexpr ticks day = 86'400'000'000'000 * 3;
  ring.add({1, day, 16'777'215, 1, 1, nullptr, 0});
  auto all = ring.all();
  REQUIRE(all.size() == 1);
  CHECK(all[0].waited == 16'777'215);
  CHECK(static_cast<double>(all[0].took) == Approx(static_cast<double>(day)).epsilon(1e-6));
}

TEST_CASE("span ring: whoever reads while it is written sees whole ones, in order",
          "[actors][runtime]") {
  span_ring ring;
  std::atomic<bool> stop{false};
  std::thread writer{[&] {
    for (std::uint64_t n = 0; !stop; ++n)
      ring.add(numbered(n));
  }};
  std::size_t seen = 0;
  bool whole = true;
  for (int i = 0; i < 300 || seen < 100'000; ++i) {
    auto all = ring.all();
    seen += all.size();
    for (std::size_t n = 0; n < all.size(); ++n)
      whole = whole && is_numbered(all[n]) && all[n].began == all[0].began + n;
  }
  stop = true;
  writer.join();
  CHECK(whole);
}

TEST_CASE("spans: a request leaves its messages, whoever handled them", "[actors][runtime]") {
  system_config cfg{with_threads(2)};
  caf::actor_system sys{cfg};
  std::promise<void> done;
  auto last = spawn(sys, run_working, work{[&](auto*, int) {
                      auto begin = now_ticks();
                      while (to_duration(now_ticks() - begin) < 1ms) {
                      }
                      done.set_value();
                    }});
  auto first = spawn(sys, run_working, work{[&](auto*, int n) {
                       if (n != 7)
                         return;
                       works_for(77); // as a connection that has read a head
                       caf::anon_send(last, 1);
                       works_for(0);
                       works_for(77);
                     }});
  caf::anon_send(first, 1); // for none
  caf::anon_send(first, 7);
  done.get_future().get();
  REQUIRE(in_time([&] { return spans_of(sys, 77).size() == 2; }));
  auto all = spans_of(sys, 77);
  std::sort(all.begin(), all.end(), [](auto& a, auto& b) { return a.began < b.began; });
  CHECK(all[0].actor == first.id());
  CHECK(all[1].actor == last.id());
  CHECK(std::string{kind_name(all[0].kind)} == "working");
  CHECK(*all[0].message == typeid(int));
  CHECK(to_duration(all[1].took) >= 900us);
  CHECK(spans_of(sys, 0).empty());
  for (auto& each : {first, last})
    caf::anon_send(each, std::string{"end"});
}

TEST_CASE("spans: tell how long a message has waited, and of a start", "[actors][runtime]") {
  system_config cfg{with_threads(1)};
  caf::actor_system sys{cfg};
  auto& registry = scheduler::of(sys)->registry();
  std::latch begun{1};
  std::latch leave{1};
  auto one = [&] {
    spawn_for scope{5};
    return spawn(sys, run_working, work{[&](auto*, int n) {
                   if (n == 1) {
                     begun.count_down();
                     leave.wait();
                   }
                 }});
  }();
  caf::anon_send(one, 1);
  begun.wait();
  caf::anon_send(one, 2); // behind it
  CHECK(in_time([&] { return registry.find(one.id())->oldest >= 3ms; }));
  leave.count_down();
  REQUIRE(in_time([&] { return spans_of(sys, 5).size() == 3; }));
  auto all = spans_of(sys, 5);
  CHECK(all[0].message == nullptr);
  CHECK(to_duration(all[1].took) >= 2ms);
  CHECK(to_duration(all[2].waited) >= 2ms);
  CHECK(all[2].began >= all[1].began + all[1].took - all[1].took / 1000);
  caf::anon_send(one, std::string{"end"});
}

TEST_CASE("spans: tasks of a pool that were for a request", "[actors][runtime]") {
  worker_pool pool{1, 500};
  std::latch begun{1};
  std::latch leave{1};
  {
    request_scope scope{9};
    pool.submit("slow", [&] {
      begun.count_down();
      leave.wait();
    });
    pool.submit("next", [] {});
  }
  pool.submit("for none", [] {});
  begun.wait();
  REQUIRE(in_time([&] { return !pool.spans().empty() && pool.spans()[0].took > 2ms; }));
  CHECK(pool.spans().size() == 1);
  leave.count_down();
  REQUIRE(in_time([&] { return pool.spans().size() == 2; }));
  auto all = pool.spans();
  CHECK(all[0].label == "slow");
  CHECK(all[0].request == 9);
  CHECK(all[1].label == "next");
  CHECK(all[1].waited >= 2ms);
  CHECK(all[1].began >= all[0].began + all[0].took);
  {
    request_scope scope{10};
    for (int i = 0; i < 300; ++i)
      REQUIRE(pool.submit(std::to_string(i), [] {}));
  }
  CHECK(in_time([&] {
    auto kept = pool.spans();
    return kept.size() == 256 && kept.back().label == "299";
  }));
}

TEST_CASE("pause: an actor handles nothing until it is resumed, then everything",
          "[actors][runtime]") {
  system_config cfg{with_threads(2)};
  caf::actor_system sys{cfg};
  auto* sched = scheduler::of(sys);
  auto& registry = sched->registry();
  std::atomic<int> seen{0};
  auto one = spawn(sys, run_working, work{[&](auto*, int n) { seen = n; }});
  caf::anon_send(one, 1);
  REQUIRE(in_time([&] { return seen == 1; }));
  REQUIRE(sched->pause(one.id()));
  CHECK(registry.find(one.id())->paused);
  for (int n = 2; n <= 100; ++n)
    caf::anon_send(one, n);
  std::atomic<int> others{0};
  auto other = spawn(sys, run_working, work{[&](auto*, int) { ++others; }});
  for (int n = 0; n < 1000; ++n)
    caf::anon_send(other, n);
  REQUIRE(in_time([&] { return others == 1000; }));
  CHECK(seen == 1);
  CHECK(registry.find(one.id())->mailbox == 99);
  CHECK(registry.find(one.id())->waiting > 0ns);
  REQUIRE(sched->pause(one.id())); // again
  REQUIRE(sched->unpause(one.id()));
  REQUIRE(in_time([&] { return seen == 100; }));
  CHECK_FALSE(registry.find(one.id())->paused);
  REQUIRE(sched->unpause(one.id())); // nothing happens
  // One that rests, and is resumed before anything comes.
  REQUIRE(sched->pause(one.id()));
  REQUIRE(sched->unpause(one.id()));
  caf::anon_send(one, 101);
  REQUIRE(in_time([&] { return seen == 101; }));
  CHECK_FALSE(sched->pause(1'000'000));
  CHECK_FALSE(sched->unpause(1'000'000));
  for (auto& each : {one, other})
    caf::anon_send(each, std::string{"end"});
}

TEST_CASE("pause: one that never rests stops after its turn", "[actors][runtime]") {
  system_config cfg{with_threads(1)};
  caf::actor_system sys{cfg};
  auto* sched = scheduler::of(sys);
  std::atomic<int> turns{0};
  auto one = spawn(sys, run_working, work{[&](auto* self, int n) {
                     ++turns;
                     self->send(self, n + 1);
                   }});
  caf::anon_send(one, 1);
  REQUIRE(in_time([&] { return turns > 1000; }));
  REQUIRE(sched->pause(one.id()));
  // Its thread is free for others, and comes back to it no more.
  std::promise<void> asked;
  auto other = spawn(sys, run_working, work{[&](auto* self, int n) {
                       if (n == 200)
                         asked.set_value();
                       else
                         self->send(self, n + 1);
                     }});
  REQUIRE(in_time([&] { return sched->registry().find(one.id())->present.empty(); }));
  auto then = turns.load();
  caf::anon_send(other, 1);
  asked.get_future().get();
  CHECK(turns <= then + 64);
  then = turns;
  CHECK(sched->registry().find(one.id())->mailbox == 1);
  REQUIRE(sched->unpause(one.id()));
  CHECK(in_time([&] { return turns > then + 1000; }));
  for (auto& each : {one, other})
    caf::anon_send(each, std::string{"end"});
}

TEST_CASE("pause: the end of the daemon resumes all, and none is paused after it",
          "[actors][runtime]") {
  std::atomic<int> ended{0};
  {
    system_config cfg{with_threads(2)};
    caf::actor_system sys{cfg};
    auto* sched = scheduler::of(sys);
    std::vector<caf::actor> all;
    for (int i = 0; i < 20; ++i) {
      all.push_back(spawn(sys, run_working, work{[&](auto* self, int) {
                            ++ended;
                            self->quit();
                          }}));
      REQUIRE(sched->pause(all.back().id()));
    }
    for (auto& each : all)
      caf::anon_send(each, 1);
    sched->end_pauses();
    CHECK(in_time([&] { return ended == 20; }));
    auto late = spawn(sys, run_working, work{[](auto*, int) {}});
    CHECK_FALSE(sched->pause(late.id()));
    caf::anon_send(late, std::string{"end"});
  }
  CHECK(ended == 20);
}

TEST_CASE("pause: a system that ends with paused actors ends them", "[actors][runtime]") {
  system_config cfg{with_threads(2)};
  caf::actor_system sys{cfg};
  sys.await_actors_before_shutdown(false);
  auto one = spawn(sys, run_working, work{[](auto*, int) {}});
  REQUIRE(scheduler::of(sys)->pause(one.id()));
  caf::anon_send(one, 1);
  REQUIRE(in_time([&] { return scheduler::of(sys)->registry().find(one.id())->mailbox == 1; }));
}

TEST_CASE("trace: the last messages of an actor, with their senders", "[actors][runtime]") {
  system_config cfg{with_threads(2)};
  caf::actor_system sys{cfg};
  auto& registry = scheduler::of(sys)->registry();
  std::atomic<int> seen{0};
  auto one = spawn(sys, run_working, work{[&](auto*, int n) { seen = n; }});
  auto other =
      spawn(sys, run_working,
            work{[&](auto* self, int n) { n % 2 ? caf::anon_send(one, n) : self->send(one, n); }});
  caf::anon_send(one, 1);
  REQUIRE(in_time([&] { return seen == 1; }));
  CHECK(registry.messages_of(one.id()).items.empty());
  REQUIRE(registry.begin_trace(one.id()) == actor_registry::tracing::begun);
  REQUIRE(registry.begin_trace(one.id()) == actor_registry::tracing::begun);
  CHECK(registry.find(one.id())->traced);
  caf::anon_send(one, 2);
  REQUIRE(in_time([&] { return seen == 2; }));
  caf::anon_send(other, 3);
  REQUIRE(in_time([&] { return seen == 3; }));
  {
    request_scope scope{88};
    caf::anon_send(other, 4);
  }
  REQUIRE(in_time([&] { return registry.messages_of(one.id()).next == 3; }));
  auto kept = registry.messages_of(one.id());
  REQUIRE(kept.items.size() == 3);
  CHECK(kept.lost == 0);
  CHECK(kept.items[0].sender == 0);
  CHECK(kept.items[1].sender == other.id());
  CHECK(kept.items[2].sender == other.id());
  CHECK(kept.items[2].request == 88);
  CHECK(kept.items[0].request == 0);
  CHECK(*kept.items[0].type == typeid(int));
  CHECK(kept.items[0].began < kept.items[1].began);
  for (int n = 5; n <= 204; ++n)
    caf::anon_send(one, n);
  REQUIRE(in_time([&] { return registry.messages_of(one.id()).next == 203; }));
  kept = registry.messages_of(one.id());
  CHECK(kept.items.size() == actor_registry::messages_traced);
  CHECK(kept.lost == 203 - actor_registry::messages_traced);
  REQUIRE(registry.end_trace(one.id()));
  REQUIRE(registry.end_trace(one.id()));
  CHECK(registry.messages_of(one.id()).items.empty());
  CHECK_FALSE(registry.find(one.id())->traced);
  for (auto& each : {one, other})
    caf::anon_send(each, std::string{"end"});
}

TEST_CASE("trace: of so many at once, and one that has ended makes room", "[actors][runtime]") {
  using tracing = actor_registry::tracing;
  system_config cfg{with_threads(2)};
  caf::actor_system sys{cfg};
  auto& registry = scheduler::of(sys)->registry();
  std::vector<caf::actor> all;
  for (std::size_t i = 0; i <= actor_registry::most_traced; ++i)
    all.push_back(spawn(sys, run_working, work{[](auto*, int) {}}));
  for (std::size_t i = 0; i < actor_registry::most_traced; ++i)
    REQUIRE(registry.begin_trace(all[i].id()) == tracing::begun);
  CHECK(registry.begin_trace(all.back().id()) == tracing::too_many);
  CHECK(registry.begin_trace(all.front().id()) == tracing::begun);
  CHECK(registry.begin_trace(1'000'000) == tracing::no_actor);
  CHECK_FALSE(registry.end_trace(1'000'000));
  auto ended = all.front().id();
  caf::anon_send(all.front(), std::string{"end"});
  REQUIRE(in_time([&] { return !registry.find(ended); }));
  CHECK(registry.begin_trace(all.back().id()) == tracing::begun);
  for (std::size_t i = 1; i < all.size(); ++i)
    caf::anon_send(all[i], std::string{"end"});
}
