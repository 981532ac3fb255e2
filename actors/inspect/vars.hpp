#pragma once

#include "actors/runtime/stats.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gantry::runtime {
class scheduler;
class worker;
} // namespace gantry::runtime

namespace gantry::inspect {

/// What one I/O thread does.
struct thread_facts {
  std::size_t queued = 0;          ///< actors that wait for it
  std::uint64_t actor = 0;         ///< that it runs, 0 if it waits
  std::string kind;                ///< of that actor
  std::string message;             ///< that it handles
  std::chrono::nanoseconds age{0}; ///< how long it has handled it
};

/// What is shown as variables, at one moment.
struct vars_facts {
  std::vector<std::string> arguments;
  std::vector<runtime::kind_snapshot> kinds;
  std::vector<runtime::actor_snapshot> actors;
  std::vector<thread_facts> threads;
  std::size_t timers = 0; ///< delayed messages and time-outs
  runtime::pool_snapshot pool;
};

/// What that thread does now.
thread_facts read_thread(const runtime::worker& w);

/// Copies the scheduler's part.
void read_scheduler(vars_facts& facts, runtime::scheduler& scheduler);

/// The variables in order of their names (clauses DB1, DB3): `actors` (by kind: figures, times in
/// nanoseconds, mailboxes), `cmdline`, `memstats` (malloc's figures under Go's names, as far as
/// they exist here), `scheduler`, `worker_pool`.
boost::json::object debug_vars(const vars_facts& facts);

} // namespace gantry::inspect
