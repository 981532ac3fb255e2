#pragma once

#include "protocol/container/config.hpp"
#include "protocol/container/spec_facts.hpp"
#include "protocol/error.hpp"

#include <string>
#include <string_view>
#include <vector>

// Inside of protocol/container.
namespace gantry::container {

namespace oci_spec {
struct mount;
}

/// The mounts of a container, in the order in which they are made: first /proc, /dev, /sys and what
/// else every container has; then the user's and the daemon's files, those with fewer components
/// in their path first. What the user mounts takes the place of the daemon's. `writable_cgroups`:
/// /sys/fs/cgroup is not read-only. Errors (invalid_parameter): `invalid tmpfs option ["x"]`.
result<std::vector<oci_spec::mount>>
container_mounts(const host_config& host, const spec_facts& facts, bool writable_cgroups);

/// Docker's options of a tmpfs (`noexec,nosuid,nodev,rprivate`) and the user's: of what excludes
/// each other, and of values of one name, the last counts. Errors (invalid_parameter): `invalid
/// tmpfs option ["x"]`, `invalid tmpfs option ["x" "value"]`.
result<std::vector<std::string>> merge_tmpfs_options(std::string_view user);

/// The propagation that the root needs for those of its mounts, `shared`, `rslave` or empty: the
/// runtime's. Errors (invalid_parameter): `path /x is mounted on / but it is not a shared mount`,
/// `... not a shared or slave mount`.
result<std::string> rootfs_propagation(const std::vector<resolved_mount>& mounts);

} // namespace gantry::container
