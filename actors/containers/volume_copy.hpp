#pragma once

#include "actors/store/confined_root.hpp"
#include "protocol/container/mount_point.hpp"
#include "protocol/error.hpp"

#include <vector>

namespace gantry::containers {

/// Gives volumes that are empty what the image has where they are mounted (`mount_point::copy_up`):
/// all that is in the directory, and the directory's own owner, mode and extended attributes.
/// `root`: of the container. Errors, as dockerd has them: `cannot mount volume over existing file,
/// file exists /x` for a volume that nobody named, `source /x is not directory`; of the file
/// system.
result<void> fill_volumes_blocking(store::confined_root& root,
                                   const std::vector<container::mount_point>& mounts);

} // namespace gantry::containers
