#pragma once

#include "protocol/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::container {

/// Who a process runs as.
struct process_user {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  /// The primary group, as Docker has it (CVE-2022-36109), then the others, ascending.
  std::vector<std::uint32_t> additional_gids;
  std::string home = "/"; ///< as /etc/passwd has it; `/` for who is not in it

  friend bool operator==(const process_user&, const process_user&) = default;
};

/// The texts of the two files of a root file system; empty for one that is not there. The caller
/// has read them without following a link out of that file system.
struct user_files {
  std::string_view passwd;
  std::string_view group;
};

/// Finds who `user` is: empty (root), `NAME`, `UID`, `NAME:GROUP`, `UID:GID` and mixtures; a number
/// may be one that nobody has. `group_add` (HostConfig.GroupAdd) are further groups by name or
/// number. A user without a group of its own choice is in its groups of /etc/group as well. Lines
/// that are malformed are passed over. Errors (invalid_parameter), in Docker's words:
///   unable to find user x: no matching entries in passwd file
///   unable to find group x: no matching entries in group file
///   uids and gids must be in range 0-2147483647
result<process_user> find_user(std::string_view user, const std::vector<std::string>& group_add,
                               const user_files& files);

} // namespace gantry::container
