#pragma once

#include "actors/containers/container_paths.hpp"
#include "actors/containers/root_mount.hpp"
#include "protocol/container/container_view.hpp"
#include "protocol/container/mount_point.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace gantry::store {
class trash;
}

namespace gantry::containers {

/// A container that is to get its place on the disk.
struct new_container {
  container_paths paths;
  root_layers layers;
  /// Its volumes have been made (`container::use_volume`).
  std::vector<container::mount_point> mounts;
  std::string working_dir; ///< absolute, or empty
  /// Called before files are put into a volume; empty: nothing is to be mounted on any of them.
  std::function<result<void>(const container::mount_point&)> mount_volume = {};
};

/// Makes the directories of a container and what is in its root from the beginning: the places for
/// what is mounted into every container, and the working directory. Fresh volumes get what the
/// image has where they are mounted (`mount_point::copy_up`), with owners, modes and extended
/// attributes. After an error nothing is left but what volumes got.
///
/// Errors: conflict if the directory is there; `Cannot mkdir: /x is not a directory`; `cannot mount
/// volume over existing file, file exists /x`; of the file system; those of `mount_volume`.
result<void> create_container_files_blocking(const new_container& container);

/// After the end of the container's process, when its exit file was read and the runtime has
/// forgotten it: unmounts all that is its own and removes its directory below the exec root. May be
/// called at any time and any number of times; goes on after a failure. Errors: the first one.
result<void> release_container_blocking(const container_paths& paths);

/// Takes away all that there is of a container; released first. It is moved to `bin`, which deletes
/// it elsewhere, so that millions of files take no longer. Nothing there is no error. Errors: of
/// the file system; the container's directory is then untouched.
result<void> remove_container_files_blocking(const container_paths& paths, store::trash& bin);

/// How much of the disk it takes. `image_size`: bytes of the image's layers (`store::image::size`).
/// With the copy driver `writable` is by how much its root has grown. Walks through all of its own
/// files. Errors: of the file system.
result<container::container_sizes> measure_container_blocking(const container_paths& paths,
                                                              store::layer_driver driver,
                                                              std::uint64_t image_size);

} // namespace gantry::containers
