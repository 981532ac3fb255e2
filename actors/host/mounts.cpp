#include "actors/host/mounts.hpp"

#include "actors/host/errno_text.hpp"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>

namespace gantry::host {

bool is_mounted(const std::filesystem::path& place) noexcept {
  struct statx facts {};
  return ::statx(AT_FDCWD, place.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &facts) == 0 &&
         (facts.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

result<void> detach_mounts(const std::filesystem::path& place) {
  while (::umount2(place.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) == 0) {
  }
  if (errno == EINVAL || errno == ENOENT || errno == ENOTDIR) // nothing is mounted there any more
    return {};
  return errno_error("unmount", place.native(), errno);
}

} // namespace gantry::host
