#pragma once

#include "actors/core/boards.hpp"
#include "actors/core/request_log.hpp"
#include "protocol/inspect/model.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace gantry::runtime {
class scheduler;
class worker;
class worker_pool;
struct stall;
} // namespace gantry::runtime

/// The daemon's parts as the model has them, read from what threads and actors write down about
/// themselves. No actor is asked, so it works while all of them are stuck. Any thread; each
/// function takes locks for a moment only. Reads proc, and waits for nothing.
namespace gantry::inspect {

/// Where the views come from. All of it outlives whoever reads them.
struct sources {
  runtime::scheduler* scheduler = nullptr; ///< never null
  /// Shown as one pool: what their tasks are called tells them apart.
  std::vector<const runtime::worker_pool*> pools;
  const core::job_board* jobs = nullptr;               ///< never null
  const core::connection_board* connections = nullptr; ///< never null
  const core::stream_board* streams = nullptr;         ///< null: none are shown
  const core::request_log* requests = nullptr;         ///< null: none is kept
  std::string version;
  std::function<std::string()> daemon_id; ///< "" before it is known; any thread
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  /// The containers as they are now, without their actors; empty: there are none. Only by the
  /// thread of the service; waits for nothing.
  std::function<std::vector<container_view>()> containers;
};

/// A moment as the model writes it: RFC 3339, UTC.
std::string time_text(std::chrono::system_clock::time_point when);

/// All living actors, by id. Their `handling` has count and mean of their own; p50, p99 and max,
/// and all of `waiting`, are those of their kind, without its buckets: nothing is counted for each
/// actor that would cost an idle one memory.
std::vector<actor_view> read_actors(const sources& from);
/// One of them and its children, with its kind's buckets and without facts; nothing if it does not
/// live.
std::optional<actor_detail> read_actor(const sources& from, std::uint64_t id);
/// By name.
std::vector<kind_view> read_kinds(const sources& from);
/// What views call an I/O thread: `io 0`.
std::string thread_name(const runtime::worker& w);
/// The threads of actors, then the stand-ins that are at work.
std::vector<thread_view> read_threads(const sources& from);
pool_view read_pool(const sources& from);
/// The oldest first.
std::vector<job_view> read_jobs(const sources& from);
/// The oldest first.
std::vector<connection_view> read_connections(const sources& from);
/// Those without credit first, the longest held up before the others.
std::vector<stream_view> read_streams(const sources& from);
/// By name.
std::vector<container_view> read_containers(const sources& from);
std::vector<dead_letter_view> read_dead_letters(const sources& from);
std::vector<death_view> read_deaths(const sources& from);
std::vector<stall_view> read_stalls(const sources& from);
stall_view view_of(const runtime::stall& s);

/// The members that have no part of their own.
system_view read_head(const sources& from);
/// Everything.
system_view read_system(const sources& from);

} // namespace gantry::inspect
