#pragma once

#include "actors/store/confined_root.hpp"
#include "protocol/error.hpp"

#include <filesystem>
#include <string>

/// What is done with files in a container's root. Whatever links an image has, nothing outside of
/// the root is read, made or changed.
namespace gantry::containers {

/// Opens the root. Errors: of open(2).
result<store::confined_root> open_root(const std::filesystem::path& root);

/// The content of a regular file, links followed as if the root were `/`; empty if there is none.
/// Nothing else is opened. Errors: of the file system; `'/etc/passwd' in the container is larger
/// than 16 MiB`.
result<std::string> read_root_file(store::confined_root& root, const std::string& path);

/// Makes a directory and those above it that are missing (mode 0755, root's), links followed
/// likewise, also those that lead to what is not there yet. True if something was made. Errors:
/// `Cannot mkdir: /x is not a directory`; of the file system.
result<bool> make_root_directory(store::confined_root& root, const std::string& path);

/// Makes in a directory what is in the root of every container: `.dockerenv`, empty files and
/// directories for what is mounted into all of them, and /etc/mtab. Files and links in the place of
/// any of them, or of a directory above, go first. Errors: of the file system.
result<void> make_common_files(int root);

} // namespace gantry::containers
