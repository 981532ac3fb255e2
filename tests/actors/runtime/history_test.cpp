#include "actors/runtime/actor.hpp"
#include "actors/runtime/history.hpp"
#include "actors/runtime/kernel_place.hpp"
#include "actors/runtime/request.hpp"
#include "actors/runtime/system.hpp"
#include "actors/runtime/watchdog.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <caf/all.hpp>
#include <catch2/catch.hpp>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <latch>
#include <stdexcept>
#include <thread>

using namespace gantry;
using namespace gantry::runtime;
using namespace std::chrono_literals;

namespace {

/// What the tests of this file make actors of: a function for numbers.
struct listening_state {
  static inline const char* name = "listening";
  listening_state() = default;
};

using numbers = std::function<void(caf::event_based_actor*, int)>;

caf::behavior run_listening(caf::stateful_actor<listening_state>* self, const numbers& f) {
  return {[self, f](int n) { f(self, n); }};
}

bool soon(const std::function<bool()>& condition) {
  auto end = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::yield();
  }
  return true;
}

const actor_snapshot& of_id(const std::vector<actor_snapshot>& all, std::uint64_t id) {
  for (auto& a : all)
    if (a.id == id)
      return a;
  throw std::runtime_error("no such actor");
}

} // namespace

TEST_CASE("recent: keeps the last ones, each at its place", "[actors][runtime]") {
  recent<int> kept{3};
  CHECK(kept.all().empty());
  for (int i = 0; i < 5; ++i)
    CHECK(kept.add(i) == static_cast<std::uint64_t>(i));
  CHECK(kept.all() == std::vector{2, 3, 4});
  CHECK(kept.end() == 5);
  kept.change(4, [](int& x) { x = 40; });
  kept.change(1, [](int& x) { x = 10; }); // no longer kept
  kept.change(5, [](int& x) { x = 50; }); // not yet there
  CHECK(kept.all() == std::vector{2, 3, 40});

  auto late = kept.from(0, 10);
  CHECK(late.items == std::vector{2, 3, 40});
  CHECK(late.lost == 2);
  CHECK(late.next == 5);
  auto some = kept.from(3, 1);
  CHECK(some.items == std::vector{3});
  CHECK(some.lost == 0);
  CHECK(some.next == 4);
  CHECK(kept.from(5, 10).items.empty());
  kept.clear();
  CHECK(kept.all().empty());
  CHECK(kept.end() == 5);
  CHECK(kept.from(4, 10).lost == 1);
}

TEST_CASE("request tags: a message has the request that was put with it, or none",
          "[actors][runtime]") {
  alignas(16) const char somewhere[32] = {};
  const void* a = somewhere;
  const void* b = somewhere + 16;
  request_tags::put(a, 7);
  request_tags::put(b, 8);
  CHECK(request_tags::of(a) == 7);
  CHECK(request_tags::of(b) == 8);
  // Another message at the same address, for no request.
  request_tags::put(a, 0);
  CHECK(request_tags::of(a) == 0);
  CHECK(request_tags::of(b) == 8);
  // Whoever meets another one in its place has none, never the other's.
  auto far = reinterpret_cast<std::uintptr_t>(a);
  for (std::uintptr_t page = 1; page < 5000; ++page) {
    const void* other = reinterpret_cast<const void*>(far + (page << 16) + (page << 4));
    request_tags::put(other, 100 + page);
    CHECK(request_tags::of(other) == 100 + page);
    auto mine = request_tags::of(b);
    CHECK((mine == 8 || mine == 0));
  }
}

TEST_CASE("requests: go from message to message, into the pool and back", "[actors][runtime]") {
  worker_pool pool{1, 10};
  {
    system_config cfg;
    caf::actor_system sys{cfg};
    std::promise<std::uint64_t> at_the_end;
    auto third = spawn(sys, run_listening, numbers{[&](auto* self, int) {
                         at_the_end.set_value(current_request);
                         self->quit();
                       }});
    std::atomic<std::uint64_t> in_the_pool{0};
    auto second = spawn(sys, run_listening, numbers{[&](auto* self, int) {
                          pool.ask("work", caf::actor{third}, [&] {
                            in_the_pool = current_request;
                            return 1;
                          });
                          self->quit();
                        }});
    std::promise<std::uint64_t> afterwards;
    auto first = spawn(sys, run_listening, numbers{[&](auto* self, int n) {
                         if (n == 2) {
                           afterwards.set_value(current_request);
                           return self->quit();
                         }
                         works_for(77);
                         caf::anon_send(second, 1);
                         works_for(0);
                         self->send(self, 2);
                       }});
    caf::anon_send(first, 1);
    CHECK(at_the_end.get_future().get() == 77);
    CHECK(in_the_pool == 77);
    CHECK(afterwards.get_future().get() == 0);
    CHECK(current_request == 0);
  }
  pool.stop();
}

TEST_CASE("requests: whoever is spawned for one works for it all its life", "[actors][runtime]") {
  system_config cfg;
  caf::actor_system sys{cfg};
  std::promise<std::uint64_t> told;
  auto make = [&] {
    spawn_for scope{5};
    return spawn(sys, run_listening, numbers{[&](auto*, int) { told.set_value(current_request); }});
  };
  auto one = make();
  auto other = spawn(sys, run_listening, numbers{[](auto*, int) {}});
  caf::anon_send(one, 1); // for no request
  CHECK(told.get_future().get() == 5);
  auto all = scheduler::of(sys)->registry().snapshot();
  CHECK(of_id(all, one.id()).request == 5);
  CHECK(of_id(all, other.id()).request == 0);
  caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(other, caf::exit_reason::user_shutdown);
}

TEST_CASE("registry: tells how long messages wait behind one that is being handled",
          "[actors][runtime]") {
  system_config cfg;
  caf::actor_system sys{cfg};
  auto& registry = scheduler::of(sys)->registry();
  std::latch begun{1};
  std::latch leave{1};
  auto one = spawn(sys, run_listening, numbers{[&](auto* self, int n) {
                     if (n == 1) {
                       set_label("the one");
                       begun.count_down();
                       leave.wait();
                     } else {
                       self->quit();
                     }
                   }});
  caf::anon_send(one, 1);
  begun.wait();
  CHECK(registry.find(one.id())->oldest == 0ns);
  caf::anon_send(one, 2);
  auto before = registry.find(one.id());
  REQUIRE(before);
  CHECK(before->mailbox == 1);
  CHECK(before->oldest <= before->present_age);
  CHECK(before->label == "the one");
  CHECK(soon([&] { return registry.find(one.id())->oldest >= 5ms; }));
  CHECK_FALSE(registry.find(1'000'000));
  auto handle = registry.handle(one.id());
  CHECK(handle);
  CHECK_FALSE(registry.handle(1'000'000));
  auto id = one.id();
  leave.count_down();
  CHECK(soon([&] { return !registry.find(id); }));
  CHECK_FALSE(registry.handle(id));
}

TEST_CASE("history: deaths with their reasons, and dead letters", "[actors][runtime]") {
  system_config cfg;
  caf::actor_system sys{cfg};
  auto& history = scheduler::of(sys)->registry().history();
  auto spawn_one = [&](numbers f) { return spawn(sys, run_listening, std::move(f)); };

  auto done = spawn_one([](auto* self, int) { self->quit(); });
  auto killed = spawn_one([](auto*, int) {});
  auto thrower = spawn_one([](auto*, int) { throw std::runtime_error("out of luck"); });
  auto deaf = spawn_one([](auto*, int) {});
  auto thrower_id = thrower.id();
  caf::anon_send(done, 1);
  caf::anon_send_exit(killed, caf::exit_reason::kill);
  caf::anon_send(thrower, 1);
  caf::anon_send(deaf, std::string{"what?"});
  CHECK(soon(
      [&] { return history.deaths.all().size() >= 2 && !history.dead_letters.all().empty(); }));

  auto letters = history.dead_letters.all();
  CHECK(letters.front().actor == deaf.id());
  CHECK(std::string{kind_name(letters.front().kind)} == "listening");
  CHECK(type_name(letters.front().type).find("string") != std::string::npos);
  caf::anon_send_exit(deaf, caf::exit_reason::user_shutdown);

  for (auto& d : history.deaths.all()) {
    CHECK(d.actor != done.id());
    if (d.actor == killed.id())
      CHECK(d.reason == "exit_reason::kill");
    else if (d.actor == thrower_id)
      CHECK(d.reason == "runtime_error: out of luck");
  }
  // Nobody listens: nothing is kept of what comes and goes.
  CHECK(history.changes.end() == 0);
}

TEST_CASE("history: what comes and goes, while somebody listens", "[actors][runtime]") {
  system_config cfg;
  caf::actor_system sys{cfg};
  auto& history = scheduler::of(sys)->registry().history();
  history.begin_listening();
  auto one = spawn(sys, run_listening, numbers{[](auto*, int) {}});
  auto id = one.id();
  caf::anon_send_exit(one, caf::exit_reason::kill);
  CHECK(soon([&] { return history.changes.end() >= 2; }));
  auto changes = history.changes.all();
  auto& begun = std::get<actor_change>(changes.at(0));
  CHECK_FALSE(begun.ended);
  CHECK(begun.actor == id);
  auto& ended = std::get<actor_change>(changes.at(1));
  CHECK(ended.ended);
  CHECK(ended.actor == id);
  CHECK(ended.reason == "exit_reason::kill");
  history.end_listening();
  CHECK(history.changes.all().empty());
}

TEST_CASE("history: stalls are kept, with request and duration", "[actors][runtime]") {
  system_config cfg;
  caf::actor_system sys{cfg};
  auto* s = scheduler::of(sys);
  watchdog dog{*s, 20ms, {[](const stall&) {}}};
  std::latch leave{1};
  auto stuck = spawn(sys, run_listening, numbers{[&](auto* self, int) {
                       works_for(9);
                       leave.wait();
                       self->quit();
                     }});
  auto id = stuck.id();
  caf::anon_send(stuck, 1);
  auto& stalls = s->registry().history().stalls;
  REQUIRE(soon([&] { return !stalls.all().empty() && stalls.all().front().duration >= 40ms; }));
  auto held = stalls.all().front();
  CHECK(held.actor == id);
  CHECK(held.kind == "listening");
  CHECK(held.message == "int");
  CHECK(held.request == 9);
  CHECK_FALSE(held.over);
  CHECK(held.time.time_since_epoch().count() != 0);
  leave.count_down();
  CHECK(soon([&] { return stalls.all().front().over; }));
  CHECK(stalls.all().size() == 1);
}

TEST_CASE("kernel place: of a thread that sleeps, and of none", "[actors][runtime]") {
  // What the kernel tells depends on it; it must not fail, and the lines must be names.
  auto place = kernel_place(::gettid());
  CHECK(place.find('\n') == std::string::npos);
  CHECK(place.find('+') == std::string::npos);
  CHECK(wait_channel(0).empty());
  CHECK(kernel_place(-1).empty());
}

TEST_CASE("kernel place: of a thread that waits for descriptors", "[actors][runtime]") {
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  const int ends = ::eventfd(0, EFD_CLOEXEC);
  epoll_event event{EPOLLIN, {}};
  REQUIRE(::epoll_ctl(set, EPOLL_CTL_ADD, ends, &event) == 0);
  std::atomic<pid_t> tid{0};
  std::thread waits{[&] {
    tid = ::gettid();
    epoll_event ready;
    ::epoll_wait(set, &ready, 1, -1);
  }};
  CHECK(soon([&] { return tid != 0 && waits_for_descriptors(tid); }));
  CHECK_FALSE(waits_for_descriptors(::gettid()));
  CHECK_FALSE(waits_for_descriptors(0));
  const std::uint64_t one = 1;
  CHECK(::write(ends, &one, sizeof one) == sizeof one);
  waits.join();
  ::close(ends);
  ::close(set);
}
