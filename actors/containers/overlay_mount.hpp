#pragma once

#include "actors/host/mounts.hpp"
#include "protocol/error.hpp"

#include <filesystem>
#include <vector>

namespace gantry::containers {

/// A file system that overlayfs is to make.
struct overlay {
  std::vector<std::filesystem::path> lowers{}; ///< top to base; at least one, without `upper` two
  std::filesystem::path upper{};               ///< takes the changes; empty: read-only
  std::filesystem::path work{};                ///< on the file system of `upper`, for this alone
  bool user_xattr = false;                     ///< `user.overlay.*` instead of `trusted.overlay.*`
  /// What was written is brought to the disk when it is unmounted (which means the whole file
  /// system of `upper`) and by sync(2). Without effect before Linux 5.10: always so.
  bool durable = true;
};

/// Mounts it on `place`. Paths may have any signs in them, and there may be as many lowers as
/// overlayfs takes (500) for all that mount(2) has one page for its options: if need be directories
/// go by descriptors, and are then called so in mountinfo. Renames of directories and changes of
/// owners are kept in the form that layers have (redirect_dir, metacopy and index off). Errors: of
/// open(2) and mount(2).
result<void> mount_overlay_blocking(const overlay& what, const std::filesystem::path& place);

/// Takes away all that is mounted on `place`; nothing there or nothing mounted is no error. What
/// stays in use for a moment longer is detached: it goes when its last user does. Errors: of
/// umount2(2).
result<void> unmount_blocking(const std::filesystem::path& place);

using host::is_mounted;

/// Sees to it that what is mounted below `directory`, which is there, does not spread into other
/// mount namespaces, where it would stay: where mounts there are shared (as systemd has them), the
/// directory becomes a mount of its own. For the data root, as the first thing that a daemon does
/// with it: a file cannot be renamed from inside a mount to outside. Doing it again does nothing.
/// Errors: of mount(2).
result<void> make_private_blocking(const std::filesystem::path& directory);

} // namespace gantry::containers
