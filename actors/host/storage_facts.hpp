#pragma once

#include <string>

namespace gantry::host {

/// What is known of the file system under the data root.
struct storage_facts {
  std::string backing_filesystem; ///< Docker's words: `extfs`, `xfs`, `btrfs`, ...; else `unknown`
};

/// Looks at `path`, or at its nearest parent that exists.
storage_facts read_storage_facts(const std::string& path);

/// The name of a statfs(2) type, as Docker calls it: 0xEF53 is `extfs`; unknown ones are `unknown`.
const char* filesystem_name(unsigned long type) noexcept;

} // namespace gantry::host
