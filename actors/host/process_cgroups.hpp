#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gantry::host {

/// True if `list`, names with commas between them, has that controller.
bool has_controller(std::string_view list, std::string_view name) noexcept;

/// The cgroup of a process in one hierarchy: a line of /proc/PID/cgroup (cgroups(7)).
struct process_cgroup {
  std::string controllers; ///< `cpu,cpuacct`, `name=systemd`; empty: the hierarchy of version 2
  std::string path;        ///< `/docker/ID`
};

/// Reads the text of /proc/PID/cgroup. Lines that make no sense are left out.
std::vector<process_cgroup> parse_process_cgroups(std::string_view text);

} // namespace gantry::host
