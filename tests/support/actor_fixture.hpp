#pragma once

#include "actors/core/interfaces.hpp"
#include "actors/runtime/actor.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gantry::test {

/// What a `probe` has received, in order of kind. Owned by the test; the probe only writes.
struct probe_record {
  std::vector<core::job_done> done;
  std::vector<core::job_stream_begun> begun;
  std::vector<core::job_output> output;
  std::vector<core::job_wants_input> wants;
  std::vector<core::job_takes_socket> takes;
  std::string
      order; ///< a letter per message: `b` begun, `o` output, `i` input, `s` socket, `d` done

  /// The only reply; fails the test if there is none or more than one.
  const job::reply& reply() const {
    REQUIRE(done.size() == 1);
    REQUIRE(done.front().reply);
    return *done.front().reply;
  }
  /// The reply's bytes.
  std::string text() const { return std::get<std::string>(reply().output); }
  /// All streamed output.
  std::string streamed() const {
    std::string all;
    for (auto& o : output)
      all += *o.bytes;
    return all;
  }
};

struct probe_state {
  static inline const char* name = "probe";
  probe_state() = default;
};

/// A job client that records everything it receives.
inline core::job_client_actor::behavior_type
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

/// A probe and what it has seen.
struct probe {
  core::job_client_actor actor;
  std::shared_ptr<probe_record> seen;

  const probe_record* operator->() const noexcept { return seen.get(); }
  caf::strong_actor_ptr ptr() const { return core::to_ptr(actor); }
};

/// An actor system whose time and turns belong to the test: nothing runs but in `run`, and no time
/// passes but in `advance_time`. At the end all actors are killed that were started through it.
class actor_fixture {
public:
  actor_fixture() : sys(config_) { sys.await_actors_before_shutdown(false); }
  actor_fixture(const actor_fixture&) = delete;
  actor_fixture& operator=(const actor_fixture&) = delete;
  ~actor_fixture() {
    for (auto i = started_.rbegin(); i != started_.rend(); ++i)
      caf::anon_send_exit(*i, caf::exit_reason::kill);
    run_all();
    started_.clear();
    run_all();
  }

  /// Lets actors handle messages until none is left; the number of turns. Fails the test if that
  /// does not end.
  std::size_t run() {
    auto turns = run_all();
    REQUIRE(turns < turns_limit);
    return turns;
  }

  /// Runs, lets time pass step by step so that timers which arm each other fire in order, and runs.
  void advance_time(std::chrono::nanoseconds d) {
    constexpr std::chrono::nanoseconds step = std::chrono::milliseconds{500};
    run();
    for (; d.count() > 0; d -= std::min(d, step)) {
      scheduler().advance_time(caf::timespan{std::min(d, step)});
      run();
    }
  }

  /// Starts an actor that is killed at the end of the test.
  template <class F, class... Args>
  auto spawn(F behave, Args&&... args) {
    auto handle = runtime::spawn(sys, behave, std::forward<Args>(args)...);
    track(handle);
    return handle;
  }

  /// Kills that actor at the end of the test.
  template <class Handle>
  void track(const Handle& handle) {
    started_.push_back(caf::actor_cast<caf::strong_actor_ptr>(handle));
  }

  /// Ends that actor now.
  template <class Handle>
  void kill(const Handle& handle) {
    caf::anon_send_exit(handle, caf::exit_reason::kill);
    run();
  }

  probe make_probe() {
    auto seen = std::make_shared<probe_record>();
    return {spawn(run_probe, seen), seen};
  }

  /// Sends a request to `handle`. The answer comes during a later `run`; until then, and after an
  /// error, it is empty.
  template <class T, class Handle, class Message>
  std::shared_ptr<std::optional<T>> ask(const Handle& handle, Message message) {
    auto answer = std::make_shared<std::optional<T>>();
    // NOTE: arguments, not captures: CAF 0.17 reads through a null pointer if there are none.
    track(sys.spawn(
        [](caf::event_based_actor* self, Handle to, Message what,
           std::shared_ptr<std::optional<T>> result) {
          self->request(to, caf::infinite, std::move(what))
              .then([result](const T& value) { *result = value; }, [](const caf::error&) {});
        },
        handle, std::move(message), answer));
    return answer;
  }

  /// The same, where the answer is there after one `run`.
  template <class T, class Handle, class Message>
  T ask_now(const Handle& handle, Message message) {
    auto answer = ask<T>(handle, std::move(message));
    run();
    REQUIRE(answer->has_value());
    return **answer;
  }

  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(sys.scheduler());
  }

private:
  static constexpr std::size_t turns_limit = 1'000'000;

  struct config : caf::actor_system_config {
    config() { set("scheduler.policy", caf::atom("testing")); }
  };

  std::size_t run_all() {
    std::size_t turns = 0;
    while (turns < turns_limit && scheduler().try_run_once())
      ++turns;
    return turns;
  }

  config config_;

public:
  caf::actor_system sys;

private:
  std::vector<caf::strong_actor_ptr> started_;
};

} // namespace gantry::test
