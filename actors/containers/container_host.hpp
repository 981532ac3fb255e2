#pragma once

#include "protocol/container/create_checks.hpp"
#include "protocol/container/spec_facts.hpp"
#include "protocol/error.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace gantry::containers {

/// What of this machine containers depend on. Does not change while the daemon runs.
struct container_host {
  container::host_abilities abilities;
  /// Of the members that the operator decides - `default_limits`, `seccomp_profile`,
  /// `no_new_privileges` - nothing is set.
  container::daemon_facts facts;
  std::string hostname;
  /// For `monitor::settings::join_cgroups`: in each hierarchy where the daemon is not in the root
  /// cgroup, that of those who are to outlive it.
  std::vector<std::string> join_cgroups;
  /// For `monitor::settings::cgroup_root`.
  std::string cgroup_root = "/sys/fs/cgroup";
  /// Where cgroup version 2 is mounted, if it has controllers of its own beside those of version 1.
  std::string second_cgroup_root;
};

/// Looks at the machine. With cgroup version 2 a cgroup for monitors is made
/// (`/gantry-monitors`), unless the daemon is in the root. `root`: the tree that is looked at, for
/// tests; capabilities and limits are always this process's. What cannot be found out counts as
/// missing.
container_host probe_container_host(const std::string& root = "/");

/// An OCI runtime and what is known of it.
struct oci_runtime {
  std::string name = "runc";     ///< as in `--runtime`
  std::string path;              ///< of the program
  std::vector<std::string> args; ///< the operator's, put before each command
  /// Its `start` does nothing but open `ROOT/ID/exec.fifo` for reading: runc.
  bool opens_fifo = false;
  bool recursive_read_only = false; ///< it knows the mount option `rro`
  /// The mount point that it must not see (`child_command::without_mount`).
  std::string without_mount = {};
};

/// Asks a program what it can do. Takes as long as two calls of it, each at most `deadline`. A
/// program that does not answer can do nothing beyond the specification.
///
/// crun refuses to work where both versions of cgroups have controllers ("cgroups in hybrid mode
/// not supported"); it does work, with version 1, if it does not see the other one:
/// `second_cgroup_root` is that of `container_host`.
oci_runtime probe_runtime_blocking(std::string name, std::string path,
                                   std::vector<std::string> args = {},
                                   const std::string& second_cgroup_root = {},
                                   std::chrono::milliseconds deadline = std::chrono::seconds{2});

} // namespace gantry::containers
