#pragma once

#include "actors/host/unique_fd.hpp"
#include "protocol/error.hpp"

#include <cstdint>

namespace gantry::containers {

/// What the names in a tree that is copied mean.
enum class copied_form : std::uint8_t {
  plain, ///< themselves
  layer, ///< a layer whose `.wh.NAME` files take away what is in the target (`whiteout_form`)
};

/// Copies all that is in the directory `from` into the directory `to`, and `from`'s own owner,
/// mode, times and extended attributes to `to`. Files of any kind, links and hard links among them,
/// owners, modes, times, extended attributes and holes are as in `from`; a file of `to` gives way
/// to one of the same name, directories are merged. No link is followed on either side. Extended
/// attributes that the file system does not take, and overlayfs's own, are left out.
///
/// Where the file system can share blocks, no contents are copied. Needs few descriptors however
/// deep the tree is; a path in it that is longer than PATH_MAX is an error. Errors: of the file
/// system, `STEP 'PATH'`, with paths below the directory; what was copied till then stays.
result<void> copy_tree_blocking(host::unique_fd from, host::unique_fd to,
                                copied_form form = copied_form::plain);

/// Gives the directory `to` owner, mode, times and extended attributes of `from`, likewise.
result<void> copy_directory_facts(int from, int to);

} // namespace gantry::containers
