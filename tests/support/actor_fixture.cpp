#include "tests/support/actor_fixture.hpp"

#include "actors/runtime/actor.hpp"

#include <caf/exit_reason.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <variant>

namespace gantry::test {

namespace {

constexpr std::size_t turns_limit = 1'000'000;

struct probe_state {
  static inline const char* name = "probe";
  probe_state() = default;
};

/// A job client that records everything it receives.
core::job_client_actor::behavior_type
run_probe(core::job_client_actor::stateful_pointer<probe_state>,
          std::shared_ptr<probe_record> record) {
  return {
      [record](const core::job_done& m) {
        record->done.push_back(m);
        record->order += 'd';
      },
      [record](const core::job_stream_begun& m) {
        record->begun.push_back(m);
        record->order += 'b';
      },
      [record](const core::job_output& m) {
        record->output.push_back(m);
        record->order += 'o';
      },
      [record](const core::job_wants_input& m) {
        record->wants.push_back(m);
        record->order += 'i';
      },
      [record](const core::job_takes_socket& m) {
        record->takes.push_back(m);
        record->order += 's';
      },
  };
}

} // namespace

const job::reply& probe_record::reply() const {
  REQUIRE(done.size() == 1);
  REQUIRE(done.front().reply);
  return *done.front().reply;
}

std::string probe_record::text() const { return std::get<std::string>(reply().output); }

std::string probe_record::streamed() const {
  std::string all;
  for (auto& o : output)
    all += *o.bytes;
  return all;
}

caf::strong_actor_ptr probe::ptr() const { return core::to_ptr(actor); }

actor_fixture::config::config() { set("scheduler.policy", caf::atom("testing")); }

actor_fixture::config::~config() = default;

actor_fixture::actor_fixture() : sys(config_) { sys.await_actors_before_shutdown(false); }

actor_fixture::~actor_fixture() {
  for (auto i = started_.rbegin(); i != started_.rend(); ++i)
    caf::anon_send_exit(*i, caf::exit_reason::kill);
  run_all();
  started_.clear();
  run_all();
}

std::size_t actor_fixture::run() {
  auto turns = run_all();
  REQUIRE(turns < turns_limit);
  return turns;
}

void actor_fixture::advance_time(std::chrono::nanoseconds d) {
  constexpr std::chrono::nanoseconds step = std::chrono::milliseconds{500};
  run();
  for (; d.count() > 0; d -= std::min(d, step)) {
    scheduler().advance_time(caf::timespan{std::min(d, step)});
    run();
  }
}

void actor_fixture::track(caf::strong_actor_ptr actor) { started_.push_back(std::move(actor)); }

void actor_fixture::kill(const caf::strong_actor_ptr& actor) {
  caf::anon_send_exit(actor, caf::exit_reason::kill);
  run();
}

probe actor_fixture::make_probe() {
  auto seen = std::make_shared<probe_record>();
  return {spawn(run_probe, seen), seen};
}

std::optional<core::facts> actor_fixture::facts_of(const caf::strong_actor_ptr& actor) {
  auto answer = ask<core::facts>(caf::actor_cast<core::inspectable_actor>(actor), core::describe{});
  run();
  return *answer;
}

caf::scheduler::test_coordinator& actor_fixture::scheduler() {
  return dynamic_cast<caf::scheduler::test_coordinator&>(sys.scheduler());
}

std::size_t actor_fixture::run_all() {
  std::size_t turns = 0;
  while (turns < turns_limit && scheduler().try_run_once())
    ++turns;
  return turns;
}

} // namespace gantry::test
