#pragma once

#include "actors/containers/container_paths.hpp"
#include "actors/containers/files/mount_space.hpp"
#include "actors/containers/root_mount.hpp"
#include "protocol/container/container_view.hpp"
#include "protocol/error.hpp"

#include <string>
#include <vector>

namespace gantry::containers {

/// A container whose files are looked at.
struct files_of_container {
  container_paths paths;
  root_layers layers;
  container::container_view view; ///< a moment of it
};

/// The files of a container as its processes see them, to read and to write: its root, its binds
/// and volumes, its own /etc/hosts and the like, and while it runs what is in its tmpfs. Not there
/// are /proc, /sys and /dev, which are the kernel's. Whatever the container does meanwhile, nothing
/// is reached from here that it does not have itself.
///
/// dockerd shows the same but for tmpfs.
class file_view {
public:
  /// Mounts what is not mounted. Errors: of the file system.
  static result<file_view> open_blocking(const files_of_container& container);
  /// Of the root alone, without all that is mounted in it: what `docker export` takes.
  static result<file_view> open_root_blocking(const files_of_container& container);

  /// Its open root directory.
  int root() const noexcept { return space_.root(); }

private:
  file_view(borrowed_root root, mount_space space)
      : borrowed_(std::move(root)), space_(std::move(space)) {}

  static result<file_view> open(const files_of_container& container, bool with_mounts);

  borrowed_root borrowed_; // to be given back when the space is gone
  mount_space space_;
};

/// All that is below a container's own layer, as one tree; read-only. Errors: of the file system;
/// not_implemented with the copy driver, `the changes of a container need overlayfs, which does not
/// work here`.
result<mount_space> lower_tree_blocking(const files_of_container& container);

/// Checks that the container may be written to at `path`, which is without links and `..`. Errors
/// (invalid_parameter): `mounted volume is marked read-only`, `container rootfs is marked
/// read-only`.
result<void> check_writable(const container::container_view& view, const std::string& path);

} // namespace gantry::containers
