#pragma once

#include "protocol/container/spec_facts.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::containers {

/// A mount of this process's mount namespace, one line of /proc/self/mountinfo (proc(5)).
struct mount_entry {
  std::uint64_t id = 0;
  std::string root;  ///< what of the file system is mounted
  std::string point; ///< where
  container::mount_propagation propagation = container::mount_propagation::none;
  std::string type;    ///< of the file system: `ext4`, `cgroup`
  std::string options; ///< of the file system: `rw,cpu,cpuacct`
};

/// Reads the text of mountinfo, in its order: what is mounted over something comes behind it. Lines
/// that make no sense are left out.
std::vector<mount_entry> parse_mount_table(std::string_view text);

/// All mounts there are. `root`: the tree whose proc/ is read. Errors: of the file system.
result<std::vector<mount_entry>> read_mount_table(const std::string& root = "/");

/// The mount of a cgroup hierarchy: of version 1 by one of its controllers or by `name=X`, of
/// version 2 by the empty name. Null if there is none.
const mount_entry* find_cgroup_mount(const std::vector<mount_entry>& mounts,
                                     std::string_view controller);

/// The mount that a path is on, symbolic links followed. Errors: not_found if there is nothing at
/// `path`; what the kernel says.
result<mount_entry> find_mount_of(const std::string& path);

} // namespace gantry::containers
