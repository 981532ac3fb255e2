#pragma once

#include "actors/runtime/scheduler.hpp"

#include <caf/actor_system_config.hpp>

#include <chrono>
#include <cstddef>

namespace gantry::runtime {

/// How the actor system runs.
struct system_options {
  std::size_t threads = 2; ///< I/O threads that run the actors; see `default_threads`
  io_layout layout = io_layout::per_thread;
  std::size_t max_throughput = 64; ///< messages that an actor handles before others get a turn
  bool keep_spans = true;          ///< of requests, for who may want to look at them
};

/// A thread for each core that this process may use, at most 8.
std::size_t default_threads();

/// Configuration for a `caf::actor_system` that runs on our scheduler.
class system_config : public caf::actor_system_config {
public:
  explicit system_config(system_options options = {});

  const system_options options;
};

} // namespace gantry::runtime
