#pragma once

#include <string>

namespace gantry::host {

/// What the control groups of this machine can do, in the terms of `docker info`.
struct cgroup_facts {
  /// 2 if the unified hierarchy is mounted on sys/fs/cgroup, 1 if version 1 controllers are mounted
  /// (hybrid layouts too), 0 if none is.
  int version = 0;
  /// True if systemd runs as the init system.
  bool systemd = false;
  /// Docker's name for how containers get their cgroups: the runtime makes the directories itself,
  /// whoever the init system is.
  std::string driver = "cgroupfs";
  bool memory_limit = false;
  bool swap_limit = false;
  bool memory_reservation = false;
  bool memory_swappiness = false;
  bool oom_kill_disable = false;
  bool cpu_shares = false;
  bool cpu_cfs_period = false;
  bool cpu_cfs_quota = false;
  bool cpuset = false;
  bool pids_limit = false;
  bool blkio_weight = false;
};

/// Looks at the mounts and files below `root`.
cgroup_facts read_cgroup_facts(const std::string& root = "/");

} // namespace gantry::host
