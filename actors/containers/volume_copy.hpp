#pragma once

#include "actors/store/confined_root.hpp"
#include "protocol/container/mount_point.hpp"
#include "protocol/error.hpp"

#include <functional>
#include <vector>

namespace gantry::containers {

/// Sees to it that a volume's files can be reached (`new_container::mount_volume`); may be empty.
using volume_mounter = std::function<result<void>(const container::mount_point&)>;

/// Gives volumes that are empty what the image has where they are mounted (`mount_point::copy_up`):
/// all that is in the directory, and the directory's own owner, mode and extended attributes.
/// `root`: of the container. Errors, as dockerd has them: `cannot mount volume over existing file,
/// file exists /x` for a volume that nobody named, `source /x is not directory`; of the file
/// system; those of `mount_volume`, which is called for those that the image has something for.
result<void> fill_volumes_blocking(store::confined_root& root,
                                   const std::vector<container::mount_point>& mounts,
                                   const volume_mounter& mount_volume = {});

} // namespace gantry::containers
