#pragma once

#include "protocol/container/stats.hpp"

#include <cstdint>
#include <functional>
#include <map>
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

/// Reads /proc/stat (proc(5)) into the system's part of `cpu`: the time that was not stolen.
void read_system_cpu(std::string_view proc_stat, cpu_stats& out);

/// The machine's memory in bytes, from /proc/meminfo; 0 if it is not there.
std::uint64_t total_memory(std::string_view meminfo);

/// Reads /proc/PID/net/dev. Left out are the loopback interface and those that the kernel makes in
/// each network namespace as soon as it has tunnels.
std::map<std::string, network_stats> parse_network_devices(std::string_view text);

} // namespace gantry::container
