#pragma once

#include "protocol/oci/time.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::container {

/// Time of processors in nanoseconds since the container was started.
struct cpu_usage {
  std::uint64_t total = 0;
  std::vector<std::uint64_t> per_cpu; ///< cgroup version 1 only
  std::uint64_t kernel = 0;
  std::uint64_t user = 0;

  friend bool operator==(const cpu_usage&, const cpu_usage&) = default;
};

/// What a limit of the processor time (`--cpus`) has done.
struct cpu_throttling {
  std::uint64_t periods = 0;
  std::uint64_t throttled_periods = 0;
  std::uint64_t throttled_time = 0; ///< nanoseconds

  friend bool operator==(const cpu_throttling&, const cpu_throttling&) = default;
};

/// What clients compute the share of the processors from: `usage.total` against `system`.
struct cpu_stats {
  cpu_usage usage;
  std::uint64_t system = 0; ///< time of all processors of the machine, idle or not, nanoseconds
  std::uint32_t online = 0; ///< processors
  cpu_throttling throttling;

  friend bool operator==(const cpu_stats&, const cpu_stats&) = default;
};

/// Processes and threads.
struct pids_stats {
  std::uint64_t current = 0;
  std::uint64_t limit = 0; ///< 0: none (version 1); the largest number: none (version 2)

  friend bool operator==(const pids_stats&, const pids_stats&) = default;
};

/// A counter of a block device.
struct block_io_entry {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::string op; ///< `Read`, `Write`, ...; `read`, `write` with version 2
  std::uint64_t value = 0;

  friend bool operator==(const block_io_entry&, const block_io_entry&) = default;
};

/// Input and output of block devices; lists that the cgroup version does not have are null.
struct block_io_stats {
  using list = std::optional<std::vector<block_io_entry>>;

  list service_bytes;
  list serviced;
  list queued;
  list service_time;
  list wait_time;
  list merged;
  list time;
  list sectors;

  friend bool operator==(const block_io_stats&, const block_io_stats&) = default;
};

/// Memory in bytes.
struct memory_stats {
  std::uint64_t usage = 0;
  std::uint64_t max_usage = 0; ///< version 1 only
  /// `memory.stat`; its names differ between the versions.
  std::map<std::string, std::uint64_t> stats;
  std::uint64_t fail_count = 0; ///< how often the limit was in the way
  std::uint64_t limit = 0;

  friend bool operator==(const memory_stats&, const memory_stats&) = default;
};

/// Counters of a network interface.
struct network_stats {
  std::uint64_t rx_bytes = 0;
  std::uint64_t rx_packets = 0;
  std::uint64_t rx_errors = 0;
  std::uint64_t rx_dropped = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t tx_packets = 0;
  std::uint64_t tx_errors = 0;
  std::uint64_t tx_dropped = 0;

  friend bool operator==(const network_stats&, const network_stats&) = default;
};

/// What a container uses at one moment. That of one that does not run is made by default.
struct stats_sample {
  oci::instant read = oci::zero_instant;
  std::chrono::nanoseconds clock{0}; ///< the same moment by a clock that is never set
  pids_stats pids;
  block_io_stats block_io;
  cpu_stats cpu;
  memory_stats memory;
  std::map<std::string, network_stats> networks; ///< by the interface's name in the container
};

/// An object of `GET /containers/{id}/stats`, with its line break. `name` has its slash. `before`
/// is what `preread` and `precpu_stats` show. Source: Engine API 1.50 ContainerStats, section 13.1.
std::string write_stats(std::string_view name, std::string_view id, const stats_sample& now,
                        const stats_sample& before = {});

/// Makes two samples that lie close together fit for a share of the processors: what the machine's
/// processors did between them is taken from the clock. The kernel counts that in ticks of 10 ms
/// for each kind of work, which after a tenth of a second may be wrong by a tenth.
void level_system_time(stats_sample& before, const stats_sample& now);

} // namespace gantry::container
