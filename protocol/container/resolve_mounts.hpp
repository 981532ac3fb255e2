#pragma once

#include "protocol/container/mount_point.hpp"
#include "protocol/container/spec_facts.hpp"
#include "protocol/error.hpp"

#include <vector>

namespace gantry::container {

/// Makes of a container's mounts what the runtime is told (`spec_facts::mounts`): those of `mounts`
/// in their order, then HostConfig.Tmpfs. Volumes have been made (`use_volume`). Left to the
/// caller:
/// - `source` of an image's mount, which still is the image's name, and of part of a volume
///   (Subpath), to be found without following a link out of the volume;
/// - `source_propagation` and `source_mount_point` of those whose propagation is `shared` or
///   `slave`, recursive or not.
/// `recursive_read_only`: the kernel (5.12) and the runtime can do it. Errors (invalid_parameter):
/// those of `tmpfs_mount_options`, `recursively read-only mounts are not supported by this host:
/// /x` where ReadOnlyForceRecursive asks for one.
result<std::vector<resolved_mount>> resolve_mounts(const std::vector<mount_point>& mounts,
                                                   const host_config& host,
                                                   bool recursive_read_only);

} // namespace gantry::container
