#pragma once

#include "protocol/container/change.hpp"
#include "protocol/error.hpp"

#include <vector>

namespace gantry::containers {

/// What a container has changed, from its own layer (`upper`, an open directory of overlayfs) and
/// what is below it (`lower`, one in which all of that is seen as one tree). As dockerd tells it:
/// what has the same facts in both is no change, a directory in which something has changed is one,
/// and of a directory that has gone nothing more is said. In order of the paths, a directory before
/// what is in it. Blocking. Errors: of the file system.
result<std::vector<container::change>> tree_changes_blocking(int upper, int lower);

} // namespace gantry::containers
