#pragma once

#include "actors/runtime/stats.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace gantry::runtime {
class scheduler;
}

namespace gantry::inspect {

/// Whether the daemon is of little use without that actor: it was made by the daemon's own wiring,
/// and nobody makes it again, or clients come in through it.
bool is_essential(const runtime::actor_snapshot& actor) noexcept;

/// Ends an actor with `exit_reason::kill`, ahead of the messages that wait for it and also if it is
/// paused; one that is stuck in a handler ends after that. False: no actor of that id lives. Any
/// thread.
bool kill_actor(runtime::scheduler& scheduler, std::uint64_t id);

/// Traces of actors, which end by themselves after a while. For one thread.
class timed_traces {
public:
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::minutes length{10};

  explicit timed_traces(runtime::scheduler& scheduler) : scheduler_(scheduler) {}

  /// Begins one, or gives one that goes on its time again.
  runtime::actor_registry::tracing begin(std::uint64_t actor, time_point now);
  /// False: no actor of that id lives.
  bool end(std::uint64_t actor);

  /// When the next one ends; none: the end of time.
  time_point deadline() const noexcept;
  /// Ends those whose time is over.
  void look(time_point now);

private:
  struct trace {
    std::uint64_t actor = 0;
    time_point until;
  };
  void forget(std::uint64_t actor);

  runtime::scheduler& scheduler_;
  std::vector<trace> traces_; ///< of actors that may have ended since
};

} // namespace gantry::inspect
