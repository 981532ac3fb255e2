#pragma once

#include "protocol/container/stats.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// What the kernel's files say of a container's use of the machine.
namespace gantry::container {

/// Gives the text of a file of a container's cgroups; empty if there is none. `controller`: in
/// whose hierarchy, `memory`; empty: in that of version 2. `file`: `memory.stat`.
using cgroup_reader =
    std::function<std::string(std::string_view controller, std::string_view file)>;

/// Reads the cgroups of version 1 (Documentation/admin-guide/cgroup-v1) into all but the system's
/// part of `cpu`, the processors first. What is missing or makes no sense counts as 0. False if
/// nothing is there: the cgroups have gone.
bool read_cgroup_v1(const cgroup_reader& read, stats_sample& out);

/// The same for version 2 (Documentation/admin-guide/cgroup-v2.rst).
bool read_cgroup_v2(const cgroup_reader& read, stats_sample& out);

/// How long processes have waited for something that there was not enough of (Linux's pressure
/// stall information): some of them, and all of them at once.
struct pressure_stats {
  double some_avg10 = 0; ///< percent of the last ten seconds
  double full_avg10 = 0;
  std::uint64_t some_total = 0; ///< nanoseconds, ever
  std::uint64_t full_total = 0;

  friend bool operator==(const pressure_stats&, const pressure_stats&) = default;
};

/// Reads a file such as `cpu.pressure`. None if it is not one: the kernel does not count it. What
/// older kernels do not have of it is 0.
std::optional<pressure_stats> parse_pressure(std::string_view text);

/// What a container uses, in few figures.
struct cgroup_use {
  std::uint64_t cpu = 0;          ///< nanoseconds of processors, ever
  std::uint64_t memory = 0;       ///< bytes, without files that could be dropped at once
  std::uint64_t memory_limit = 0; ///< bytes; 0: none
  std::uint64_t pids = 0;
  std::uint64_t oom_kills = 0;
  std::map<std::string, pressure_stats> pressure; ///< by `cpu`, `memory`, `io`: what is counted

  friend bool operator==(const cgroup_use&, const cgroup_use&) = default;
};

/// Reads the cgroups of version 1; of version 2, if there is one of these too, pressure. None if
/// nothing is there: the cgroups have gone.
std::optional<cgroup_use> read_use_v1(const cgroup_reader& read);

/// The same for version 2.
std::optional<cgroup_use> read_use_v2(const cgroup_reader& read);

/// Reads /proc/stat (proc(5)) into the system's part of `cpu`: the time that was not stolen.
void read_system_cpu(std::string_view proc_stat, cpu_stats& out);

/// The machine's memory in bytes, from /proc/meminfo; 0 if it is not there.
std::uint64_t total_memory(std::string_view meminfo);

/// Reads /proc/PID/net/dev. Left out are the loopback interface and those that the kernel makes in
/// each network namespace as soon as it has tunnels.
std::map<std::string, network_stats> parse_network_devices(std::string_view text);

} // namespace gantry::container
