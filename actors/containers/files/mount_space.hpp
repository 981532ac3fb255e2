#pragma once

#include "actors/host/unique_fd.hpp"
#include "protocol/error.hpp"

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace gantry::containers {

/// A mount that is attached nowhere, and where it is to be.
struct loose_mount {
  std::string place; ///< in a container, absolute
  host::unique_fd tree;
  bool read_only = false; ///< is to become that
};

/// A mount namespace of its own that has one tree in it and what is mounted there. Nobody else sees
/// these mounts, they pin nothing elsewhere, and all are gone when this is: also when the daemon
/// dies.
class mount_space {
public:
  /// What a space has in it.
  struct content {
    std::filesystem::path top; ///< the directory that becomes its root, without what is below it
    /// Mounts something on `top`, in the space; empty: it is there.
    std::function<result<void>()> mount_top = {};
    /// Attached one after the other. Their places are found as in the container: no link leads out.
    /// What is missing is made. One that has a mount already stays as it is.
    std::vector<loose_mount> parts = {};
    bool read_only = false; ///< the tree itself, not what is mounted in it
  };

  /// Errors: of the system calls, `mount '/vol': ...`.
  static result<mount_space> make_blocking(content what);

  /// The open root of the tree.
  int root() const noexcept { return root_.get(); }

private:
  mount_space(host::unique_fd space, host::unique_fd root)
      : space_(std::move(space)), root_(std::move(root)) {}

  host::unique_fd space_; // keeps the mounts
  host::unique_fd root_;
};

/// Copies of what a running container has mounted on those of `places` on which something is
/// mounted, with what is mounted below; as it has them: read-only ones are read-only. `root`: what
/// its root is; another one is not looked at. Errors: not_found if there is no such process or it
/// has another root.
result<std::vector<loose_mount>> mounts_of_process_blocking(std::int32_t pid,
                                                            const struct stat& root,
                                                            const std::vector<std::string>& places);

/// A copy of what is at a path of the host, or in a directory there: `part` is found in it without
/// leaving it. Errors: of the file system.
result<host::unique_fd> loose_copy_blocking(const std::filesystem::path& source,
                                            const std::string& part = {});

} // namespace gantry::containers
