#pragma once

#include <string>

namespace gantry::host {

/// What the file system under the data root is good for.
struct storage_facts {
  std::string backing_filesystem; ///< Docker's words: `extfs`, `xfs`, `btrfs`, ...; else `unknown`
  bool overlay_known = false;     ///< the kernel has overlayfs (it need not be able to mount here)
  bool overlay_usable = false;    ///< and the backing file system can carry its upper directory
};

/// Looks at `path`, or at its nearest parent that exists, and at `root`/proc/filesystems.
/// No mount is tried.
storage_facts read_storage_facts(const std::string& path, const std::string& root = "/");

/// The name of a statfs(2) type, as Docker calls it: 0xEF53 is `extfs`; unknown ones are `unknown`.
const char* filesystem_name(unsigned long type) noexcept;

} // namespace gantry::host
