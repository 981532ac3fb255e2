#pragma once

#include "actors/store/confined_root.hpp"
#include "protocol/container/config.hpp"
#include "protocol/container/user_database.hpp"
#include "protocol/error.hpp"

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

/// Files that are read and written when a process is made in a container.
namespace gantry::containers {

/// Finds a user in the files of a container's root. Errors: those of `container::find_user` and
/// `read_root_file`.
result<container::process_user> find_root_user(store::confined_root& root, const std::string& user,
                                               const container::string_list& group_add);

/// Writes a file of the daemon's own, whose directory is there; what it was before is gone. Errors:
/// of the file system.
result<void> write_file(const std::filesystem::path& path, std::string_view text, mode_t mode);

} // namespace gantry::containers
