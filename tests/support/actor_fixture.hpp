#pragma once

#include "actors/core/interfaces.hpp"
#include "actors/runtime/actor.hpp"
#include "tests/support/sends.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/fwd.hpp>
#include <catch2/catch.hpp>

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
  const job::reply& reply() const;
  /// The reply's bytes.
  std::string text() const;
  /// All streamed output.
  std::string streamed() const;
};

/// A probe and what it has seen.
struct probe {
  core::job_client_actor actor;
  std::shared_ptr<probe_record> seen;

  const probe_record* operator->() const noexcept { return seen.get(); }
  caf::strong_actor_ptr ptr() const;
};

/// An actor system whose time and turns belong to the test: nothing runs but in `run`, and no time
/// passes but in `advance_time`. At the end all actors are killed that were started through it.
class actor_fixture {
public:
  actor_fixture();
  actor_fixture(const actor_fixture&) = delete;
  actor_fixture& operator=(const actor_fixture&) = delete;
  ~actor_fixture();

  /// Lets actors handle messages until none is left; the number of turns. Fails the test if that
  /// does not end.
  std::size_t run();

  /// Runs, lets time pass step by step so that timers which arm each other fire in order, and runs.
  void advance_time(std::chrono::nanoseconds d);

  /// Starts an actor that is killed at the end of the test.
  template <class F, class... Args>
  auto spawn(F behave, Args&&... args) {
    auto handle = runtime::spawn(sys, behave, std::forward<Args>(args)...);
    track(handle);
    return handle;
  }

  /// Kills that actor at the end of the test.
  void track(caf::strong_actor_ptr actor);
  template <class Handle>
  void track(const Handle& handle) {
    track(core::to_ptr(handle));
  }

  /// Ends that actor now.
  void kill(const caf::strong_actor_ptr& actor);
  template <class Handle>
  void kill(const Handle& handle) {
    kill(core::to_ptr(handle));
  }

  probe make_probe();

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

  /// What an actor tells about itself; nothing if it has ended.
  std::optional<core::facts> facts_of(const caf::strong_actor_ptr& actor);
  template <class Handle>
  std::optional<core::facts> facts_of(const Handle& handle) {
    return facts_of(core::to_ptr(handle));
  }

  caf::scheduler::test_coordinator& scheduler();

private:
  struct config : caf::actor_system_config {
    config();
    ~config() override;
  };

  std::size_t run_all();

  config config_;

public:
  caf::actor_system sys;

private:
  std::vector<caf::strong_actor_ptr> started_;
};

} // namespace gantry::test
