#pragma once

#include "actors/inspect/views.hpp"
#include "actors/metrics/container_readings.hpp"
#include "actors/runtime/stats.hpp"
#include "protocol/metrics/exposition.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::metrics {

/// Which engine this is, on which machine.
struct engine_facts {
  std::string version;
  std::string commit;
  std::string build_time;   ///< RFC 3339
  std::string id;           ///< of the daemon; "" before it is known, and so is all below
  std::string architecture; ///< `x86_64`
  std::string graph_driver;
  std::string kernel;
  std::string operating_system;
  std::string os_version;
  unsigned cpus = 0;
  std::uint64_t memory = 0; ///< bytes
};

/// A pool of threads and what it is called.
struct named_pool {
  std::string_view name; ///< for ever
  const runtime::worker_pool* pool = nullptr;
};

/// Where metrics come from. All of it outlives who reads them, and none of it waits for an actor.
struct sources {
  inspect::sources system;
  std::vector<named_pool> pools;
  std::function<engine_facts()> engine;                       ///< never empty; any thread
  std::function<std::vector<container_reading>()> containers; ///< only by the reader's thread
};

/// Reads all metrics. Counters never fall from one reading to the next. For one thread.
class metric_reader {
public:
  explicit metric_reader(sources from);

  /// In Prometheus' text format.
  std::string text();

private:
  using tick_counts = std::array<std::uint64_t, runtime::tick_histogram::buckets>;

  void add_engine(exposition& to) const;
  void add_containers(exposition& to) const;
  void add_requests(exposition& to) const;
  void add_kinds(exposition& to);
  void add_mailboxes(exposition& to) const;
  void add_threads(exposition& to) const;
  void add_pools(exposition& to) const;
  void add_work(exposition& to) const;
  void add_trouble(exposition& to);

  void add_ticks(family& to, const labels& of, const tick_counts& counts, double sum) const;
  double about(const tick_counts& counts) const;

  sources from_;
  double seconds_per_tick_;
  std::array<std::size_t, runtime::tick_histogram::buckets> bucket_of_; ///< by that of ticks
  std::map<std::string, std::chrono::nanoseconds, std::less<>> busy_;   ///< as told, by kind
  std::map<std::string, std::uint64_t> stalls_;                         ///< seen, by what stalled
  std::uint64_t next_stall_ = 0;                                        ///< its place
};

} // namespace gantry::metrics
