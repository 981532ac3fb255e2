#include "protocol/container/life.hpp"

#include <catch2/catch.hpp>

#include <csignal>

using namespace gantry;
using namespace gantry::container;
using std::chrono::seconds;

namespace {

using lines = std::vector<std::string>;

const char* name_of(life_timer which) {
  constexpr const char* names[] = {"stop", "kill", "restart"};
  return names[static_cast<int>(which)];
}

struct as_text {
  std::string operator()(const begin_start&) const { return "start"; }
  std::string operator()(const send_signal& a) const {
    return "signal " + std::to_string(a.number) +
           (a.from != 0 ? " for " + std::to_string(a.from) : "");
  }
  std::string operator()(const begin_pause&) const { return "pause"; }
  std::string operator()(const begin_resume&) const { return "resume"; }
  std::string operator()(const begin_release&) const { return "release"; }
  std::string operator()(const begin_discard& a) const {
    return a.volumes ? "discard with volumes" : "discard";
  }
  std::string operator()(const arm_timer& a) const {
    return std::string{"timer "} + name_of(a.which) + " " + std::to_string(a.delay.count());
  }
  std::string operator()(const publish_event& a) const {
    auto text = "event " + a.action;
    for (auto& [key, value] : a.attributes)
      text += " " + key + "=" + value;
    return text;
  }
  std::string operator()(const save_record&) const { return "save"; }
  std::string operator()(const show_record&) const { return "show"; }
  std::string operator()(const answer_request& a) const {
    auto text = "answer " + std::to_string(a.to) + ": ";
    if (!a.outcome)
      return text + to_string(a.outcome.error().kind) + " " + a.outcome.error().message;
    return text + std::to_string(*a.outcome) + (a.durable ? " durable" : "");
  }
};

constexpr oci::instant noon{1'700'000'000, 0, 0};

oci::instant after(std::int64_t s) { return {noon.seconds + s, 0, 0}; }

/// A life whose timers a test fires by hand.
struct subject {
  explicit subject(life_settings how = {}, life_record record = {})
      : one("c1", std::move(record), std::move(how)) {}

  lines act() {
    lines text;
    for (auto& action : one.take_actions()) {
      text.push_back(std::visit(as_text{}, action));
      if (auto* timer = std::get_if<arm_timer>(&action))
        numbers[static_cast<std::size_t>(timer->which)] = timer->number;
    }
    return text;
  }
  void run() {
    one.start(0);
    one.started(42, noon);
    act();
  }
  void fire(life_timer which) { one.timer_fired(which, numbers[static_cast<std::size_t>(which)]); }
  void end(std::int64_t code, std::int64_t at = 1) {
    one.exited({code, after(at), false});
    one.released();
  }

  life one;
  std::uint64_t numbers[3] = {};
};

life_settings with_policy(std::string name, std::int64_t most = 0) {
  life_settings s;
  s.policy = {std::move(name), most};
  return s;
}

} // namespace

TEST_CASE("life: a start is answered when the process runs") {
  subject s;
  s.one.start(1);
  s.one.start(2);
  CHECK(s.act() == lines{"start"});
  CHECK(s.one.busy_with() == "being started");
  s.one.started(42, noon);
  CHECK(s.act() == lines{"save", "event start", "answer 1: 0", "answer 2: 0"});
  CHECK(s.one.state().status == container_status::running);
  CHECK(s.one.state().pid == 42);
  s.one.start(3);
  CHECK(s.act() == lines{"answer 3: not_modified container is already running"});
}

TEST_CASE("life: a start that fails leaves it as it was, with the error and its code") {
  subject s;
  s.one.start(1);
  s.act();
  s.one.start_failed({errc::invalid_parameter, "exec: no such file or directory"}, 127);
  CHECK(s.act() == lines{"save", "answer 1: invalid_parameter exec: no such file or directory"});
  CHECK(s.one.state().status == container_status::created);
  CHECK(s.one.state().exit_code == 127);
  CHECK(s.one.state().error == "exec: no such file or directory");
}

TEST_CASE("life: a start that fails removes what is to be removed automatically") {
  life_settings how;
  how.auto_remove = true;
  subject s{how};
  s.one.wait(9, wait_condition::removed);
  s.one.start(1);
  s.act();
  s.one.start_failed({errc::system, "no"}, 128);
  CHECK(s.act() == lines{"save", "answer 1: system no", "save", "discard with volumes"});
  s.one.discarded({});
  CHECK(s.act() == lines{"save", "event destroy", "answer 9: 128"});
  CHECK(s.one.gone());
}

TEST_CASE("life: waiters hear of the end in their own moment") {
  life_settings how;
  how.auto_remove = true;
  subject s{how};
  s.one.wait(1, wait_condition::not_running);
  CHECK(s.act() == lines{"answer 1: 0"});
  s.one.wait(2, wait_condition::next_exit);
  s.one.wait(3, wait_condition::removed);
  s.run();
  s.one.wait(4, wait_condition::not_running);
  s.one.exited({7, after(3), false});
  CHECK(s.act() == lines{"release"});
  CHECK(s.one.state().status == container_status::running);
  s.one.released();
  CHECK(s.act() == lines{"event die execDuration=3 exitCode=7", "save", "answer 2: 7",
                         "answer 4: 7", "save", "discard with volumes"});
  CHECK(s.one.state().status == container_status::removing);
  s.one.discarded({});
  CHECK(s.act() == lines{"save", "event destroy", "answer 3: 7"});
}

TEST_CASE("life: a stop signals, waits, kills, and is answered after the end") {
  life_settings how;
  how.stop_signal = SIGQUIT;
  how.stop_timeout = seconds{3};
  subject s{how};
  s.run();
  s.one.stop(1, {}, {});
  CHECK(s.act() == lines{"save", "event kill signal=3", "signal 3", "timer stop 3000"});
  CHECK(s.one.busy_with() == "stopping");
  s.one.stop(2, SIGINT, seconds{60});
  CHECK(s.act() == lines{"save", "event kill signal=2", "signal 2", "timer stop 60000"});
  s.fire(life_timer::stop);
  CHECK(s.act() == lines{"event kill signal=9", "signal 9", "timer kill 10000"});
  s.end(137);
  CHECK(s.act() == lines{"release", "event die execDuration=1 exitCode=137", "save", "event stop",
                         "answer 1: 0 durable", "answer 2: 0 durable"});
  s.one.stop(3, {}, {});
  CHECK(s.act() == lines{"answer 3: not_modified container is already stopped"});
}

TEST_CASE("life: a kill without effect is an error after ten seconds") {
  subject s;
  s.run();
  s.one.stop(1, SIGKILL, {});
  s.one.remove(2, true, false);
  s.act();
  s.fire(life_timer::kill);
  CHECK(s.act() ==
        lines{"answer 1: system tried to kill container, but did not receive an exit event",
              "answer 2: system could not kill container: tried to kill container, but did not "
              "receive an exit event"});
}

TEST_CASE("life: a timer of an earlier stop does nothing") {
  subject s;
  s.run();
  s.one.stop(1, {}, {});
  s.act();
  auto number = s.numbers[0];
  s.end(0);
  s.one.start(2);
  s.one.started(43, after(2));
  s.act();
  s.one.timer_fired(life_timer::stop, number);
  CHECK(s.act() == lines{});
}

TEST_CASE("life: kill answers when the signal is sent, SIGKILL when it has ended") {
  life_settings how = with_policy("always");
  how.stop_signal = SIGTERM;
  subject s{how};
  s.one.kill(1, SIGTERM);
  CHECK(s.act() == lines{"answer 1: conflict container c1 is not running"});
  s.run();
  s.one.kill(2, SIGHUP);
  CHECK(s.act() == lines{"save", "event kill signal=1", "signal 1 for 2"});
  s.one.signalled({SIGHUP, 2}, {});
  CHECK(s.act() == lines{"answer 2: 0 durable"});
  s.one.kill(3, SIGKILL);
  CHECK(s.act() == lines{"save", "event kill signal=9", "signal 9", "timer kill 10000"});
  s.end(137);
  CHECK(s.act() ==
        lines{"release", "event die execDuration=1 exitCode=137", "save", "answer 3: 0 durable"});
}

TEST_CASE("life: pause and unpause, and a stop of what is paused") {
  subject s;
  s.run();
  s.one.unpause(1);
  CHECK(s.act() == lines{"answer 1: system Container c1 is not paused"});
  s.one.pause(2);
  s.one.pause(3);
  s.one.stop(4, {}, {});
  CHECK(s.act() == lines{"pause", "answer 3: conflict Container c1 is already paused"});
  s.one.paused({});
  CHECK(s.act() == lines{"save", "event pause", "answer 2: 0", "save", "event kill signal=15",
                         "signal 15", "resume", "timer stop 10000"});
  s.one.resumed({});
  CHECK(s.act() == lines{"save", "event unpause"});
  s.end(143);
  CHECK(s.act().back() == "answer 4: 0 durable");
}

TEST_CASE("life: a pause that the runtime refuses changes nothing") {
  subject s;
  s.run();
  s.one.pause(1);
  s.act();
  s.one.paused(api_error{errc::system, "cgroups: no"});
  CHECK(s.act() == lines{"answer 1: system cgroups: no"});
  CHECK(s.one.state().status == container_status::running);
}

TEST_CASE("life: on-failure restarts with growing pauses until its count is used up") {
  subject s{with_policy("on-failure", 2)};
  s.run();
  s.end(1);
  CHECK(s.act() ==
        lines{"release", "event die execDuration=1 exitCode=1", "save", "timer restart 100"});
  CHECK(s.one.state().status == container_status::restarting);
  s.fire(life_timer::restart);
  CHECK(s.act() == lines{"start"});
  s.one.started(43, noon);
  s.end(1);
  CHECK(s.act().back() == "timer restart 200");
  s.fire(life_timer::restart);
  s.one.started(44, noon);
  s.end(1);
  CHECK(s.one.state().status == container_status::exited);
  CHECK(s.one.record().restart_count == 2);
}

TEST_CASE("life: a long run makes the pause short again") {
  subject s{with_policy("always")};
  s.run();
  for (int i = 0; i < 12; ++i) {
    s.end(0);
    s.act();
    s.fire(life_timer::restart);
    s.one.started(43, noon);
  }
  s.end(0);
  CHECK(s.act().back() == "timer restart 60000");
  s.fire(life_timer::restart);
  s.one.started(44, noon);
  s.end(0, 10);
  CHECK(s.act().back() == "timer restart 100");
}

TEST_CASE("life: a stop while it waits for its restart ends it at once") {
  subject s{with_policy("always")};
  s.run();
  s.end(0);
  s.act();
  s.one.stop(1, {}, {});
  CHECK(s.act() == lines{"save", "event stop", "answer 1: 0 durable"});
  s.fire(life_timer::restart);
  CHECK(s.act() == lines{});
  CHECK(s.one.state().status == container_status::exited);
}

TEST_CASE("life: a restart by hand keeps what would be removed automatically") {
  life_settings how;
  how.auto_remove = true;
  subject s{how};
  s.run();
  s.one.restart(1, {}, seconds{0});
  CHECK(s.act() == lines{"save", "event kill signal=15", "signal 15", "timer stop 0"});
  s.end(143);
  CHECK(s.act() ==
        lines{"release", "event die execDuration=1 exitCode=143", "save", "event stop", "start"});
  s.one.started(43, noon);
  CHECK(s.act() == lines{"save", "event start", "answer 1: 0", "event restart"});
}

TEST_CASE("life: removal of what runs needs force, and comes after the end") {
  subject s;
  s.run();
  s.one.remove(1, false, false);
  CHECK(s.act() == lines{"answer 1: conflict container is running: stop the container before "
                         "removing or force remove"});
  s.one.remove(2, true, true);
  CHECK(s.act() == lines{"event kill signal=9", "signal 9", "timer kill 10000"});
  s.end(137);
  CHECK(s.act() == lines{"release", "event die execDuration=1 exitCode=137", "save", "save",
                         "discard with volumes"});
  s.one.remove(3, true, false);
  s.one.start(4);
  CHECK(s.act() ==
        lines{"answer 3: conflict removal of container c1 is already in progress",
              "answer 4: conflict container is marked for removal and cannot be started"});
  s.one.discarded({});
  CHECK(s.act() == lines{"save", "event destroy", "answer 2: 0 durable"});
}

TEST_CASE("life: a removal that fails leaves it dead, to be removed again") {
  subject s;
  s.one.remove(1, false, false);
  s.act();
  s.one.discarded(api_error{errc::system, "busy"});
  CHECK(s.act() == lines{"save", "answer 1: system busy"});
  CHECK(s.one.state().status == container_status::dead);
  s.one.remove(2, false, false);
  CHECK(s.act() == lines{"save", "discard"});
}

TEST_CASE("life: requests during a start wait for it in their order") {
  subject s;
  s.one.start(1);
  s.one.pause(2);
  s.one.kill(3, SIGUSR1);
  CHECK(s.act() == lines{"start"});
  s.one.started(42, noon);
  CHECK(s.act() == lines{"save", "event start", "answer 1: 0", "pause"});
  s.one.paused({});
  CHECK(s.act() == lines{"save", "event pause", "answer 2: 0", "save", "event kill signal=10",
                         "signal 10 for 3", "resume"});
}

TEST_CASE("life: who has gone is not answered, and what he began goes on") {
  subject s;
  s.one.start(1);
  s.one.kill(2, SIGUSR1);
  s.one.abandon(1);
  s.one.abandon(2);
  s.act();
  s.one.started(42, noon);
  CHECK(s.act() == lines{"save", "event start"});
}

TEST_CASE("life: the daemon's start finds what runs, what ended, and what is to run") {
  life_record was;
  was.state.status = container_status::running;
  was.state.started_at = noon;
  SECTION("it runs") {
    subject s{{}, was};
    s.one.found_running(42, noon, false);
    s.one.daemon_started();
    CHECK(s.act() == lines{"save"});
    s.one.stop(1, {}, {});
    s.end(143);
    CHECK(s.act().back() == "answer 1: 0 durable");
  }
  SECTION("it ended, nobody knows how") {
    subject s{{}, was};
    s.one.found_ended({}, after(5));
    s.one.released();
    s.one.daemon_started();
    CHECK(s.act() == lines{"release", "event die execDuration=5 exitCode=255", "save"});
    CHECK(s.one.state().exit_code == 255);
  }
  SECTION("it ended, and its policy has it started again") {
    subject s{with_policy("always"), was};
    s.one.found_ended(container_exit{1, after(5), false}, after(9));
    s.one.daemon_started();
    s.one.released();
    CHECK(s.act() ==
          lines{"release", "event die execDuration=5 exitCode=1", "save", "timer restart 100"});
  }
  SECTION("it was stopped by hand") {
    was.state.status = container_status::exited;
    was.stopped_by_hand = true;
    subject always{with_policy("always"), was};
    always.one.daemon_started();
    CHECK(always.act() == lines{"start"});
    subject unless{with_policy("unless-stopped"), was};
    unless.one.daemon_started();
    CHECK(unless.act() == lines{});
  }
  SECTION("its removal was not finished") {
    was.state.status = container_status::removing;
    subject s{{}, was};
    s.one.daemon_started();
    CHECK(s.act() == lines{"save", "discard"});
  }
  SECTION("its removal with its volumes was not finished") {
    was.state.status = container_status::exited;
    subject before{{}, was};
    before.one.remove(1, false, true);
    subject s{{}, before.one.record()};
    s.one.daemon_started();
    CHECK(s.act() == lines{"save", "discard with volumes"});
  }
}

TEST_CASE("life: at the daemon's end it stops, and starts again with the next one by its policy") {
  for (auto* policy : {"always", "unless-stopped"}) {
    CAPTURE(policy);
    subject s{with_policy(policy)};
    s.run();
    s.one.end_with_daemon(1);
    CHECK(s.act() == lines{"save", "event kill signal=15", "signal 15", "timer stop 10000"});
    s.one.start(2); // too late
    s.end(0);
    CHECK(s.act() == lines{"answer 2: unavailable the daemon ends", "release",
                           "event die execDuration=1 exitCode=0", "save", "event stop",
                           "answer 1: 0 durable"});
    CHECK(s.one.state().status == container_status::exited);
    subject next{with_policy(policy), s.one.record()};
    next.one.daemon_started();
    CHECK(next.act() == lines{"start"});
  }
}

TEST_CASE("life: at the daemon's end nothing is done with what rests or waits for its restart") {
  subject rests;
  rests.one.end_with_daemon(1);
  CHECK(rests.act() == lines{"answer 1: 0 durable"});
  subject waits{with_policy("always")};
  waits.run();
  waits.end(1);
  waits.act();
  waits.one.end_with_daemon(1);
  waits.fire(life_timer::restart);
  CHECK(waits.act() == lines{"answer 1: 0 durable"});
  subject next{with_policy("always"), waits.one.record()};
  next.one.daemon_started();
  CHECK(next.act() == lines{"start"});
}

TEST_CASE("life: at the daemon's end it is stopped as soon as it has started, and not restarted") {
  subject s;
  s.one.start(1);
  s.one.end_with_daemon(2);
  CHECK(s.act() == lines{"start"});
  s.one.started(42, noon);
  CHECK(s.act() == lines{"save", "event start", "answer 1: 0", "save", "event kill signal=15",
                         "signal 15", "timer stop 10000"});
  s.one.restart(3, {}, {});
  s.act();
  s.end(0);
  CHECK(s.act() == lines{"release", "event die execDuration=1 exitCode=0", "save", "event stop",
                         "answer 2: 0 durable", "answer 3: unavailable the daemon ends"});
}

TEST_CASE("life: conditions to wait for") {
  CHECK(*parse_wait_condition("") == wait_condition::not_running);
  CHECK(*parse_wait_condition("next-exit") == wait_condition::next_exit);
  CHECK(parse_wait_condition("x").error() ==
        api_error{errc::invalid_parameter, "invalid condition: \"x\""});
}

TEST_CASE("life: health begins with the run, follows the probes, and ends with it") {
  life_settings how;
  how.health_check = true;
  subject s{how};
  CHECK_FALSE(s.one.state().health);
  s.run();
  CHECK(s.one.state().health == health_view{"starting", 0, {}});
  const health_result failure{after(1), after(2), 1, "no"};
  s.one.health_changed({"starting", 1, {failure}});
  CHECK(s.act() == lines{"show"});
  s.one.health_changed({"healthy", 0, {failure}});
  CHECK(s.act() == lines{"save", "event health_status: healthy"});
  s.one.health_changed({"healthy", 2, {failure}});
  CHECK(s.act() == lines{"show"});
  s.one.exited({0, after(3), false});
  CHECK(s.one.state().health == health_view{"unhealthy", 2, {failure}});
  s.one.health_changed({"healthy", 0, {}}); // of a probe that was under way
  s.one.released();
  s.one.health_changed({"healthy", 0, {}});
  CHECK(s.act() == lines{"release", "event die execDuration=3 exitCode=0", "save"});
  CHECK(s.one.state().health == health_view{"unhealthy", 2, {failure}});
  s.run();
  CHECK(s.one.state().health == health_view{"starting", 0, {failure}});
}

TEST_CASE("life: what is paused counts as unhealthy until the next probe, and nobody is told") {
  life_settings how;
  how.health_check = true;
  subject s{how};
  s.run();
  s.one.health_changed({"healthy", 0, {}});
  s.one.pause(1);
  s.act();
  s.one.paused({});
  CHECK(s.act() == lines{"save", "event pause", "answer 1: 0"});
  CHECK(s.one.state().health == health_view{"unhealthy", 0, {}});
  s.one.health_changed({"healthy", 0, {}});
  CHECK(s.act() == lines{});
  s.one.unpause(2);
  s.act();
  s.one.resumed({});
  CHECK(s.act() == lines{"save", "event unpause", "answer 2: 0"});
  CHECK(s.one.state().health == health_view{"unhealthy", 0, {}});
  s.one.health_changed({"healthy", 0, {}});
  CHECK(s.act() == lines{"save", "event health_status: healthy"});
}

TEST_CASE("life: health is kept for the next daemon, and begins there if it was not known") {
  life_settings how;
  how.health_check = true;
  life_record record;
  record.state.status = container_status::running;
  subject unknown{how, record};
  unknown.one.found_running(42, noon, false);
  CHECK(unknown.one.state().health == health_view{"starting", 0, {}});
  record.state.health = health_view{"healthy", 1, {}};
  subject known{how, record};
  known.one.found_running(42, noon, false);
  CHECK(known.one.state().health == health_view{"healthy", 1, {}});
  subject ended{how, record};
  ended.one.found_ended({}, after(9));
  CHECK(ended.one.state().health == health_view{"unhealthy", 1, {}});
  subject without;
  without.run();
  CHECK_FALSE(without.one.state().health);
}
