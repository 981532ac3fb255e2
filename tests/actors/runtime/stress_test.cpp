// Tens of thousands of actors that spawn, send, request, time out and end from many threads. Run
// under ThreadSanitizer by `scripts/test.sh`.
#include "actors/runtime/actor.hpp"
#include "actors/runtime/system.hpp"
#include "actors/runtime/watchdog.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <caf/all.hpp>
#include <catch2/catch.hpp>

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

using namespace gantry::runtime;
using namespace std::chrono_literals;

namespace {

std::atomic<int> alive{0};

struct leaf_state {
  static inline const char* name = "leaf";
  leaf_state() { ++alive; }
  ~leaf_state() { --alive; }
  int handled = 0;
};

using leaf_actor = caf::typed_actor<caf::replies_to<int>::with<int>, caf::reacts_to<std::string>>;

leaf_actor::behavior_type run_leaf(leaf_actor::stateful_pointer<leaf_state> self) {
  return {[self](int x) {
            ++self->state.handled;
            return x;
          },
          [self](const std::string&) { self->quit(); }};
}

struct parent_state {
  static inline const char* name = "parent";
  parent_state() { ++alive; }
  ~parent_state() { --alive; }
  int open = 0;
  int answers = 0;
  int errors = 0;
};

using parent_actor = caf::typed_actor<caf::reacts_to<int>>;

/// Spawns `children`, asks each with a deadline, ends each; ends itself when all have answered.
parent_actor::behavior_type run_parent(parent_actor::stateful_pointer<parent_state> self,
                                       int children, std::atomic<int>* done) {
  self->send(self, children);
  return {[self, done](int n) {
    self->state.open = n;
    for (int i = 0; i < n; ++i) {
      auto leaf = spawn(self, run_leaf);
      auto finish = [self, leaf, done] {
        caf::anon_send(leaf, std::string{"end"});
        if (--self->state.open == 0) {
          ++*done;
          self->quit();
        }
      };
      // A fifth of the children is asked with a deadline that may well pass first.
      auto deadline = i % 5 == 0 ? caf::timespan{50'000} : caf::timespan{60s};
      self->request(leaf, deadline, i)
          .then(
              [self, finish](int) {
                ++self->state.answers;
                finish();
              },
              [self, finish](caf::error&) {
                ++self->state.errors;
                finish();
              });
    }
  }};
}

struct spinner_state {
  static inline const char* name = "spinner";
  spinner_state() { ++alive; }
  ~spinner_state() { --alive; }
};

using spinner_actor = caf::typed_actor<caf::reacts_to<int>, caf::reacts_to<caf::unit_t>>;

/// Sends itself a message for ever, until it is told to end.
spinner_actor::behavior_type run_spinner(spinner_actor::stateful_pointer<spinner_state> self,
                                         std::atomic<int>* turns) {
  self->send(self, 0);
  return {[self, turns](int n) {
            ++*turns;
            self->send(self, n);
          },
          [self](caf::unit_t) { self->quit(); }};
}

/// Throws the ball `n` times back and forth between itself and a partner, then ends both.
using player_actor =
    caf::typed_actor<caf::reacts_to<int, caf::strong_actor_ptr>, caf::reacts_to<caf::unit_t>>;

player_actor::behavior_type run_player(player_actor::stateful_pointer<leaf_state> self) {
  return {[self](int n, const caf::strong_actor_ptr& from) {
            auto partner = caf::actor_cast<player_actor>(from);
            if (n > 0) {
              self->send(partner, n - 1, caf::actor_cast<caf::strong_actor_ptr>(self));
            } else {
              caf::anon_send(partner, caf::unit);
              self->quit();
            }
          },
          [self](caf::unit_t) { self->quit(); }};
}

void play(caf::actor_system& sys, int throws) {
  auto one = spawn(sys, run_player);
  auto other = spawn(sys, run_player);
  caf::anon_send(one, throws, caf::actor_cast<caf::strong_actor_ptr>(other));
}

using sink_actor = caf::typed_actor<caf::reacts_to<int>, caf::reacts_to<caf::unit_t>>;

/// Counts what it gets. The counter is not atomic: only its actor may touch it.
sink_actor::behavior_type run_sink(sink_actor::stateful_pointer<leaf_state> self,
                                   std::atomic<int>* seen) {
  return {[self, seen](int) { *seen = ++self->state.handled; },
          [self](caf::unit_t) { self->quit(); }};
}

bool wait_until(const std::function<bool()>& condition, std::chrono::seconds limit = 30s) {
  auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::yield();
  }
  return true;
}

system_options options(io_layout layout, std::size_t threads) {
  system_options o;
  o.threads = threads;
  o.layout = layout;
  return o;
}

/// Fewer than a thread shares with an idle one by itself.
constexpr int children_behind = 6;

constexpr std::array layouts{io_layout::shared, io_layout::per_thread};

} // namespace

TEST_CASE("stress: spawn, request, time-outs and exit from many threads", "[actors][runtime]") {
  constexpr int threads = 4;
  constexpr int parents = 100;
  constexpr int children = 50;
  for (auto layout : layouts) {
    std::atomic<int> done{0};
    {
      system_config cfg{system_options{.threads = 3, .layout = layout}};
      caf::actor_system sys{cfg};
      watchdog dog{*scheduler::of(sys), 1s, {[](const stall&) {}}};
      std::vector<std::thread> spawners;
      for (int t = 0; t < threads; ++t)
        spawners.emplace_back([&] {
          for (int i = 0; i < parents; ++i)
            spawn(sys, run_parent, children, &done);
        });
      // Reading while all of it comes and goes must be safe.
      auto* sched = scheduler::of(sys);
      bool whole = true;
      while (done < threads * parents / 2) {
        for (auto& a : sched->registry().snapshot())
          whole = whole && a.id != 0 && *a.kind != 0;
        sched->kinds();
      }
      CHECK(whole);
      for (auto& t : spawners)
        t.join();
      sys.await_all_actors_done();
      // An actor is counted as ended right after CAF has counted it.
      auto live = [&] {
        std::uint64_t sum = 0;
        for (auto& k : sched->kinds())
          if (std::string_view{k.kind} == "leaf" || std::string_view{k.kind} == "parent")
            sum += k.live;
        return sum;
      };
      CHECK(wait_until([&] { return live() == 0; }));
      CHECK(sched->clock().pending() == 0);
    }
    CHECK(done == threads * parents);
    CHECK(alive == 0);
  }
}

TEST_CASE("stress: shutdown in the middle leaves no actor behind", "[actors][runtime]") {
  for (int round = 0; round < 10; ++round) {
    std::atomic<int> done{0};
    {
      system_config cfg{system_options{.threads = 2}};
      caf::actor_system sys{cfg};
      sys.await_actors_before_shutdown(false);
      for (int i = 0; i < 50; ++i)
        spawn(sys, run_parent, 20, &done);
    }
    CHECK(alive == 0);
  }
}

TEST_CASE("stress: shutdown ends actors that would go on for ever", "[actors][runtime]") {
  for (auto layout : layouts)
    for (int round = 0; round < 2; ++round) {
      std::atomic<int> turns{0};
      {
        system_config cfg{options(layout, 4)};
        caf::actor_system sys{cfg};
        sys.await_actors_before_shutdown(false);
        // With this its io_context never runs out of work: no thread comes back for that reason.
        auto timer = std::make_shared<boost::asio::steady_timer>(scheduler::of(sys)->next_io(), 1h);
        timer->async_wait([timer](auto) {});
        for (int i = 0; i < 20; ++i)
          spawn(sys, run_spinner, &turns);
        for (int i = 0; i < 20; ++i)
          play(sys, 1'000'000'000);
        REQUIRE(wait_until([&] { return turns > 100; }));
      }
      CHECK(alive == 0);
    }
}

TEST_CASE("stress: actors that never pause all get their turns", "[actors][runtime]") {
  for (auto layout : layouts) {
    std::array<std::atomic<int>, 24> turns{};
    {
      system_config cfg{options(layout, 2)};
      caf::actor_system sys{cfg};
      std::vector<spinner_actor> spinners;
      for (auto& t : turns)
        spinners.push_back(spawn(sys, run_spinner, &t));
      std::atomic<int> echoed{0};
      auto sink = spawn(sys, run_sink, &echoed);
      for (int i = 0; i < 100; ++i)
        caf::anon_send(sink, i);
      CHECK(wait_until([&] { return echoed == 100; }));
      CHECK(wait_until([&] {
        return std::all_of(turns.begin(), turns.end(), [](auto& t) { return t > 500; });
      }));
      for (auto& s : spinners)
        caf::anon_send(s, caf::unit);
      caf::anon_send(sink, caf::unit);
    }
    CHECK(alive == 0);
  }
}

TEST_CASE("stress: each of many senders' messages is handled once", "[actors][runtime]") {
  constexpr int threads = 4;
  constexpr int messages = 5000;
  for (auto layout : layouts) {
    system_config cfg{options(layout, 3)};
    caf::actor_system sys{cfg};
    std::atomic<int> seen{0};
    auto sink = spawn(sys, run_sink, &seen);
    std::vector<std::thread> senders;
    for (int t = 0; t < threads; ++t)
      senders.emplace_back([&] {
        for (int i = 0; i < messages; ++i)
          caf::anon_send(sink, i);
      });
    for (auto& t : senders)
      t.join();
    CHECK(wait_until([&] { return seen == threads * messages; }));
    // What is counted about it is exact, however often it changed threads.
    auto counted = [&] {
      for (auto& a : scheduler::of(sys)->registry().snapshot())
        if (a.id == sink.id())
          return a;
      return actor_snapshot{};
    };
    CHECK(wait_until([&] { return counted().messages == threads * messages; }));
    CHECK(counted().mailbox == 0);
    CHECK(wait_until([&] { return counted().present.empty(); }));
    CHECK(counted().waiting == 0ns);
    caf::anon_send(sink, caf::unit);
  }
}

TEST_CASE(
    "stress: actors are paused, resumed, traced and killed while messages come by the thousand",
    "[actors][runtime]") {
  constexpr int messages = 20'000;
  for (auto layout : layouts) {
    std::array<std::atomic<int>, 8> turns{};
    std::atomic<int> seen{0};
    {
      system_config cfg{options(layout, 3)};
      caf::actor_system sys{cfg};
      auto* sched = scheduler::of(sys);
      auto& registry = sched->registry();
      auto sink = spawn(sys, run_sink, &seen);
      std::vector<spinner_actor> spinners;
      for (auto& t : turns)
        spinners.push_back(spawn(sys, run_spinner, &t));
      std::atomic<bool> stop{false};
      std::atomic<int> changes{0};
      std::vector<std::thread> meddlers;
      for (unsigned m = 0; m < 2; ++m)
        meddlers.emplace_back([&, m] {
          for (unsigned i = m; !stop; ++i) {
            auto id = i % 5 == 0 ? sink.id() : spinners[i % spinners.size()].id();
            sched->pause(id);
            registry.begin_trace(id);
            registry.messages_of(id);
            registry.find(id);
            for (auto& w : sched->workers())
              w->spans().all();
            if (i % 3 == 0)
              registry.end_trace(id);
            sched->unpause(id);
            ++changes;
          }
        });
      std::thread sender{[&] {
        request_scope scope{5};
        for (int i = 0; i < messages; ++i)
          caf::anon_send(sink, i);
      }};
      sender.join();
      CHECK(wait_until([&] { return changes > 200; }));
      // One that is paused is killed, from a thread that is none of its.
      for (std::size_t i = 0; i < spinners.size() / 2; ++i) {
        sched->pause(spinners[i].id());
        caf::anon_send_exit(spinners[i], caf::exit_reason::kill);
        sched->unpause(spinners[i].id());
      }
      CHECK(wait_until([&] { return seen == messages; }));
      stop = true;
      for (auto& m : meddlers)
        m.join();
      // Each goes on, whatever was done to it.
      for (std::size_t i = spinners.size() / 2; i < spinners.size(); ++i) {
        auto before = turns[i].load();
        CHECK(wait_until([&] { return turns[i] > before + 100; }));
      }
      CHECK(registry.find(sink.id())->messages == messages);
      sched->pause(sink.id());
      caf::anon_send(sink, caf::unit);
      for (auto& s : spinners)
        caf::anon_send(s, caf::unit);
      sched->end_pauses();
    }
    CHECK(seen == messages);
    CHECK(alive == 0);
  }
}

TEST_CASE("stress: the watchdog frees what waits behind a stuck actor amid other work",
          "[actors][runtime]") {
  for (auto layout : layouts) {
    system_config cfg{options(layout, 3)};
    caf::actor_system sys{cfg};
    watchdog dog{*scheduler::of(sys), 4ms, {[](const stall&) {}}};
    std::atomic<int> freed{0};
    for (int round = 0; round < 8; ++round) {
      for (int i = 0; i < 10; ++i)
        play(sys, 500);
      spawn(sys, [&](sink_actor::stateful_pointer<leaf_state> self) -> sink_actor::behavior_type {
        self->send(self, 0);
        return {[self, &freed](int) {
                  auto left = std::make_shared<std::latch>(children_behind);
                  for (int i = 0; i < children_behind; ++i)
                    spawn(self, [left](caf::event_based_actor*) { left->count_down(); });
                  left->wait();
                  ++freed;
                  self->quit();
                },
                [](caf::unit_t) {}};
      });
      CHECK(wait_until([&] { return freed == round + 1; }));
    }
  }
}

TEST_CASE("stress: the watchdog wakes up for work after it has slept", "[actors][runtime]") {
  system_config cfg{options(io_layout::shared, 2)};
  caf::actor_system sys{cfg};
  auto* sched = scheduler::of(sys);
  std::atomic<int> noticed{0};
  watchdog dog{*sched, 2ms, {[&](const stall& s) { noticed += s.over ? 0 : 1; }}};
  for (int round = 0; round < 10; ++round) {
    REQUIRE(wait_until([&] { return sched->watchdog_asleep.load(); }));
    auto before = noticed.load();
    std::atomic<bool> over{false};
    spawn(sys, [&](caf::event_based_actor*) {
      wait_until([&] { return noticed > before; }, 10s);
      over = true;
    });
    REQUIRE(wait_until([&] { return over.load(); }));
    CHECK(noticed > before);
  }
}

TEST_CASE("stress: a watchdog may end while a thread is about to wake it", "[actors][runtime]") {
  system_config cfg{options(io_layout::shared, 3)};
  caf::actor_system sys{cfg};
  for (int round = 0; round < 50; ++round) {
    watchdog dog{*scheduler::of(sys), 40us, {[](const stall&) {}}};
    REQUIRE(wait_until([&] { return scheduler::of(sys)->watchdog_asleep.load(); }));
    for (int i = 0; i < 3; ++i)
      play(sys, 3);
  }
}

TEST_CASE("stress: delayed messages arrive once each, whatever is cancelled beside them",
          "[actors][runtime]") {
  constexpr int threads = 4;
  constexpr int messages = 2000;
  for (auto layout : layouts) {
    system_config cfg{options(layout, 2)};
    caf::actor_system sys{cfg};
    auto& clock = scheduler::of(sys)->clock();
    std::atomic<int> seen{0};
    auto sink = spawn(sys, run_sink, &seen);
    auto ptr = caf::actor_cast<caf::strong_actor_ptr>(sink);
    std::vector<std::thread> setters;
    for (int t = 0; t < threads; ++t)
      setters.emplace_back([&, t] {
        for (int i = 0; i < messages; ++i) {
          auto due = clock.now() + std::chrono::microseconds{(i * 7919 + t) % 2000};
          clock.schedule_message(due, ptr,
                                 caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, i));
          auto id = caf::make_message_id(static_cast<std::uint64_t>(i * threads + t) + 1);
          clock.set_request_timeout(due, ptr->get(), id.response_id());
          clock.set_ordinary_timeout(due, ptr->get(), caf::atom("tick"), 1);
          if (i % 3 == 0)
            clock.cancel_ordinary_timeout(ptr->get(), caf::atom("tick"));
          if (i % 2 == 0)
            clock.cancel_request_timeout(ptr->get(), id.response_id());
        }
      });
    for (auto& t : setters)
      t.join();
    CHECK(wait_until([&] { return seen == threads * messages; }));
    CHECK(wait_until([&] { return clock.pending() == 0; }));
    CHECK(seen == threads * messages);
    // What is due long after its actor has ended goes with the actor.
    for (int i = 0; i < 100; ++i)
      clock.schedule_message(clock.now() + 1h, ptr,
                             caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, i));
    caf::anon_send(sink, caf::unit);
    CHECK(wait_until([&] { return clock.pending() == 0; }));
  }
}

TEST_CASE("stress: a worker pool that ends under load runs or drops each task",
          "[actors][runtime]") {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> accepted{0};
    std::atomic<int> refused{0};
    std::atomic<int> ran{0};
    auto token = std::make_shared<int>(0);
    {
      std::function<void()> chain; // outlives the pool
      worker_pool pool{3, 50};
      // Tasks that submit others go on doing so while the pool is being destroyed.
      chain = [&, token] {
        ++ran;
        for (int i = 0; i < 2; ++i)
          ++(pool.submit("chain", chain) ? accepted : refused);
      };
      std::vector<std::thread> submitters;
      for (int t = 0; t < 3; ++t)
        submitters.emplace_back([&] {
          for (int i = 0; i < 100; ++i) {
            ++(pool.submit("one", [&ran, token] { ++ran; }) ? accepted : refused);
            if (i % 10 == 0)
              pool.snapshot();
          }
          ++(pool.submit("first", chain) ? accepted : refused);
        });
      for (auto& t : submitters)
        t.join();
      CHECK(wait_until([&] { return ran > 0; }));
      auto seen = pool.snapshot();
      CHECK(seen.running.size() <= 3);
      CHECK(seen.waiting.size() <= 53);
    }
    CHECK(ran <= accepted);
    CHECK(token.use_count() == 1);
  }
}
