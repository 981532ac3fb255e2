#include "actors/events/events_hub.hpp"

#include "actors/core/figures.hpp"
#include "tests/support/actor_fixture.hpp"

using namespace gantry;
using namespace gantry::events;
using namespace std::chrono_literals;

namespace {

/// What a subscriber has received.
struct heard {
  std::vector<event_ptr> events;
  std::vector<std::size_t> batches; ///< sizes
  int ended = 0;

  /// The actions, with a space between.
  std::string actions() const {
    std::string all;
    for (auto& e : events)
      all += (all.empty() ? "" : " ") +
             (is_gap(*e) ? "lost:" + e->attributes.find("count")->second : e->action);
    return all;
  }
};

struct listener_state {
  static inline const char* name = "listener";
  listener_state() = default;
};

subscriber_actor::behavior_type run_listener(subscriber_actor::stateful_pointer<listener_state>,
                                             std::shared_ptr<heard> record) {
  return {[record](const event_batch& batch) {
            record->batches.push_back(batch.events.size());
            record->events.insert(record->events.end(), batch.events.begin(), batch.events.end());
          },
          [record](events_ended) { ++record->ended; }};
}

struct listener {
  subscriber_actor actor;
  std::shared_ptr<heard> seen;
  const heard* operator->() const noexcept { return seen.get(); }
};

constexpr api::timestamp start{1'700'000'000s};

class hub_fixture : public test::actor_fixture {
public:
  hub_fixture() { make_hub(256, 1024); }

  void make_hub(std::size_t kept, std::size_t ring) {
    hub = spawn(run_hub, hub_options{kept, ring, [now = now] { return *now; }});
    run();
  }

  /// Lets the clocks of system and actors advance together.
  void pass(std::chrono::nanoseconds d) {
    *now += d;
    advance_time(d);
  }

  listener listen(std::size_t credit, std::optional<api::timestamp> since = {},
                  std::optional<api::timestamp> until = {}, const char* filters = "") {
    auto seen = std::make_shared<heard>();
    listener l{spawn(run_listener, seen), seen};
    subscribe_again(l, credit, since, until, filters);
    return l;
  }

  void subscribe_again(const listener& l, std::size_t credit,
                       std::optional<api::timestamp> since = {},
                       std::optional<api::timestamp> until = {}, const char* filters = "") {
    caf::anon_send(hub,
                   subscribe{l.actor, api::filters::parse(filters).value(), since, until, credit});
    run();
  }

  void post(std::string action, std::string type = "container", api::timestamp time = {}) {
    api::event e;
    e.type = std::move(type);
    e.action = std::move(action);
    e.time = time;
    caf::anon_send(hub, publish{std::move(e)});
    run();
  }

  /// Posts `FIRST` to `LAST`.
  void post_numbers(int first, int last, const char* type = "container") {
    for (int i = first; i <= last; ++i)
      post(std::to_string(i), type);
  }

  void grant(const listener& l, std::size_t n) {
    caf::anon_send(hub, more_events{l.actor.id(), n});
    run();
  }

  std::uint64_t count() { return ask_now<std::uint64_t>(hub, count_subscribers{}); }

  std::shared_ptr<api::timestamp> now = std::make_shared<api::timestamp>(start);
  hub_actor hub;
};

} // namespace

TEST_CASE_METHOD(hub_fixture, "events: what is told has happened then, however late the hub is",
                 "[actors][events]") {
  auto l = listen(10);
  run();
  const auto before = api::timestamp{std::chrono::system_clock::now()};
  api::event e;
  e.action = "pull";
  tell(hub, e);
  const auto after = api::timestamp{std::chrono::system_clock::now()};
  run();
  REQUIRE(l->events.size() == 1);
  CHECK(before <= l->events.front()->time);
  CHECK(l->events.front()->time <= after);
}

TEST_CASE_METHOD(hub_fixture, "events hub: all subscribers get an event, stamped once",
                 "[actors][events]") {
  auto a = listen(8);
  auto b = listen(8);
  post("start");
  post("die", "container", start - 5s);
  CHECK(a->actions() == "start die");
  CHECK(b->actions() == "start die");
  CHECK(a->events[0]->time == start);
  CHECK(a->events[1]->time == start - 5s);
  CHECK(a->events[0] == b->events[0]); // shared, not copied
  CHECK(a->events[0]->scope == "local");
}

TEST_CASE_METHOD(hub_fixture, "events hub: filters choose events", "[actors][events]") {
  auto a = listen(8, {}, {}, R"({"type":["image"]})");
  auto b = listen(8, {}, {}, R"({"event":["die"]})");
  post("start");
  post("tag", "image");
  post("die");
  CHECK(a->actions() == "tag");
  CHECK(b->actions() == "die");
}

TEST_CASE_METHOD(hub_fixture, "events hub: without since nothing is replayed (W13)",
                 "[actors][events]") {
  post("old");
  auto a = listen(8);
  CHECK(a->events.empty());
  post("new");
  CHECK(a->actions() == "new");
}

TEST_CASE_METHOD(hub_fixture, "events hub: since is included and replays in order (W13)",
                 "[actors][events]") {
  post("1", "container", start - 3s);
  post("2", "container", start - 2s);
  post("3", "container", start - 1s);
  auto a = listen(8, start - 2s);
  CHECK(a->actions() == "2 3");
  CHECK(a->batches == std::vector<std::size_t>{2});
  CHECK(a->ended == 0);
}

TEST_CASE_METHOD(hub_fixture, "events hub: since does not hold back live events",
                 "[actors][events]") {
  auto a = listen(8, start + 1h);
  post("live");
  CHECK(a->actions() == "live");
}

TEST_CASE_METHOD(hub_fixture, "events hub: a replay reaches the last 256 events (W12)",
                 "[actors][events]") {
  post_numbers(1, 300);
  auto a = listen(1000, api::timestamp::min());
  REQUIRE(a->events.size() == limits::events_kept);
  CHECK(a->events.front()->action == "45");
  CHECK(a->events.back()->action == "300");
}

TEST_CASE_METHOD(hub_fixture, "events hub: no event comes twice around a replay (K-26, W14)",
                 "[actors][events]") {
  post_numbers(1, 3);
  auto seen = std::make_shared<heard>();
  listener a{spawn(run_listener, seen), seen};
  // All in the mailbox at once: before, in and after the replay, and with credit in between.
  auto send = [&](const char* action) {
    api::event e;
    e.type = "container";
    e.action = action;
    caf::anon_send(hub, publish{std::move(e)});
  };
  send("4");
  caf::anon_send(hub, subscribe{a.actor, {}, start, {}, 2});
  send("5");
  caf::anon_send(hub, more_events{a.actor.id(), 1});
  send("6");
  caf::anon_send(hub, more_events{a.actor.id(), 10});
  send("7");
  run();
  CHECK(a->actions() == "1 2 3 4 5 6 7");
}

TEST_CASE_METHOD(hub_fixture, "events hub: until in the past replays and ends (W13)",
                 "[actors][events]") {
  post("1", "container", start - 3s);
  post("2", "container", start - 2s);
  post("3", "container", start - 1s);
  auto a = listen(8, start - 3s, start - 2s);
  CHECK(a->actions() == "1 2");
  CHECK(a->ended == 1);
  auto b = listen(8, {}, start - 2s);
  CHECK(b->events.empty());
  CHECK(b->ended == 1);
  CHECK(count() == 0);
  post("4");
  CHECK(a->actions() == "1 2");
}

TEST_CASE_METHOD(hub_fixture, "events hub: a replay with an end waits for credit",
                 "[actors][events]") {
  post_numbers(1, 3);
  auto a = listen(1, start, start);
  CHECK(a->actions() == "1");
  CHECK(a->ended == 0);
  post("4", "container", start);
  grant(a, 1);
  CHECK(a->ended == 0);
  grant(a, 1);
  CHECK(a->actions() == "1 2 3");
  CHECK(a->ended == 1);
  CHECK(count() == 0);
}

TEST_CASE_METHOD(hub_fixture, "events hub: until in the future ends when it has come (W13)",
                 "[actors][events]") {
  auto a = listen(8, {}, start + 90s);
  post("1");
  pass(89s);
  post("2");
  CHECK(a->ended == 0);
  pass(1s);
  CHECK(a->ended == 1);
  post("3");
  CHECK(a->actions() == "1 2");
  CHECK(count() == 0);
}

TEST_CASE_METHOD(hub_fixture, "events hub: an event later than until is not sent",
                 "[actors][events]") {
  auto a = listen(8, {}, start + 10s);
  post("late", "container", start + 11s);
  post("now");
  CHECK(a->actions() == "now");
}

TEST_CASE_METHOD(hub_fixture, "events hub: until follows the system clock when that is set back",
                 "[actors][events]") {
  auto a = listen(8, {}, start + 30s);
  *now -= 1h;
  advance_time(30s);
  CHECK(a->ended == 0);
  *now += 1h + 30s;
  advance_time(1min);
  CHECK(a->ended == 1);
}

TEST_CASE_METHOD(hub_fixture, "events hub: the most distant until is harmless",
                 "[actors][events]") {
  auto a = listen(8, api::timestamp::min(), api::timestamp::max());
  auto b = listen(8, {}, api::timestamp::min());
  pass(2min);
  CHECK(a->ended == 0);
  CHECK(b->ended == 1);
}

TEST_CASE_METHOD(hub_fixture, "events hub: never more events than were asked for (K-26)",
                 "[actors][events]") {
  auto a = listen(2);
  auto b = listen(100);
  post_numbers(1, 5);
  CHECK(a->actions() == "1 2");
  CHECK(b->actions() == "1 2 3 4 5"); // a slow one delays nobody (W15)
  grant(a, 2);
  CHECK(a->actions() == "1 2 3 4");
  CHECK(a->batches == std::vector<std::size_t>{1, 1, 2});
  grant(a, 10);
  post("6");
  CHECK(a->actions() == "1 2 3 4 5 6");
}

TEST_CASE_METHOD(hub_fixture, "events hub: an overtaken subscriber learns how much it lost (K-26)",
                 "[actors][events]") {
  make_hub(2, 4);
  auto a = listen(1);
  post_numbers(1, 5);
  grant(a, 1);
  CHECK(a->actions() == "1 2"); // still in the ring
  post_numbers(6, 10);
  grant(a, 3);
  CHECK(a->actions() == "1 2 lost:4 7 8");
  auto gap = *a->events[2];
  CHECK(gap.type == "daemon");
  CHECK(gap.action == "events-lost");
  CHECK(gap.time == start);
  std::string line;
  api::append_event(line, gap, api::event_shape::today);
  CHECK(line == R"({"Type":"daemon","Action":"events-lost","Actor":{"ID":"","Attributes":)"
                R"({"count":"4"}},"scope":"local","time":1700000000,)"
                R"("timeNano":1700000000000000000})"
                "\n");
  grant(a, 10);
  CHECK(a->actions() == "1 2 lost:4 7 8 9 10");
}

TEST_CASE_METHOD(hub_fixture, "events hub: only events that it wants count as lost",
                 "[actors][events]") {
  make_hub(2, 4);
  auto a = listen(0, {}, {}, R"({"type":["image"]})");
  auto b = listen(0, {}, {}, R"({"type":["volume"]})");
  post("1", "image");
  post_numbers(2, 10);
  post("11", "image");
  grant(a, 1);
  CHECK(a->actions() == "lost:1");
  grant(a, 1);
  CHECK(a->actions() == "lost:1 11");
  grant(b, 10);
  CHECK(b->events.empty());
}

TEST_CASE_METHOD(hub_fixture, "events hub: a gap is told before the end", "[actors][events]") {
  make_hub(2, 4);
  auto a = listen(0, {}, start + 1s);
  post_numbers(1, 6);
  pass(1s);
  CHECK(a->ended == 0);
  post_numbers(7, 20); // after the end: these are not lost, all before are
  grant(a, 1);
  CHECK(a->actions() == "lost:6");
  CHECK(a->ended == 1);
}

TEST_CASE_METHOD(hub_fixture,
                 "events hub: subscribers are counted, and noticed when they end (W16)",
                 "[actors][events]") {
  CHECK(count() == 0);
  auto a = listen(8);
  auto b = listen(8);
  auto c = listen(8);
  CHECK(count() == 3);
  kill(a.actor);
  CHECK(count() == 2);
  caf::anon_send(hub, unsubscribe{b.actor.id()});
  caf::anon_send(hub, unsubscribe{b.actor.id()});
  CHECK(count() == 1);
  post("1");
  CHECK(b->events.empty());
  CHECK(c->actions() == "1");
  kill(b.actor);
  CHECK(count() == 1);
}

TEST_CASE_METHOD(hub_fixture, "events hub: a dead subscriber is not kept", "[actors][events]") {
  auto seen = std::make_shared<heard>();
  listener a{spawn(run_listener, seen), seen};
  kill(a.actor);
  subscribe_again(a, 8);
  CHECK(count() == 0);
  caf::anon_send(hub, subscribe{});
  CHECK(count() == 0);
}

TEST_CASE_METHOD(hub_fixture, "events hub: a second subscription replaces the first",
                 "[actors][events]") {
  auto a = listen(8, {}, start + 5s);
  subscribe_again(a, 8);
  CHECK(count() == 1);
  pass(10s); // the timer of the first one is of no effect
  post("1");
  CHECK(a->actions() == "1");
  CHECK(a->ended == 0);
  kill(a.actor);
  CHECK(count() == 0);
}

TEST_CASE_METHOD(hub_fixture, "events hub: credit for strangers is ignored", "[actors][events]") {
  caf::anon_send(hub, more_events{4711, 5});
  run();
  CHECK(count() == 0);
}

TEST_CASE_METHOD(hub_fixture, "events hub: describes itself", "[actors][events]") {
  make_hub(2, 4);
  auto a = listen(0);
  post_numbers(1, 6);
  CHECK(ask_now<core::facts>(hub, core::describe{}).values ==
        std::vector<std::pair<std::string, std::string>>{{"subscribers", "1"},
                                                         {"subscribers without credit", "1"},
                                                         {"events published", "6"},
                                                         {"events kept", "4"},
                                                         {"events lost by slow subscribers", "2"}});
}

TEST_CASE_METHOD(hub_fixture, "events hub: events and subscribers are counted",
                 "[actors][events]") {
  const auto& figures = core::counted();
  const auto before = figures.events.load();
  auto a = listen(8);
  CHECK(figures.event_subscribers == 1);
  auto b = listen(8);
  subscribe_again(b, 8);
  CHECK(figures.event_subscribers == 2);
  post_numbers(1, 3);
  CHECK(figures.events == before + 3);
  caf::anon_send(hub, unsubscribe{a.actor.id()});
  run();
  CHECK(figures.event_subscribers == 1);
  caf::anon_send_exit(b.actor, caf::exit_reason::kill);
  run();
  CHECK(figures.event_subscribers == 0);
}
