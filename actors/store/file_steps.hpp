#pragma once

#include "actors/host/unique_fd.hpp"
#include "protocol/error.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// Single steps with files and directories, blocking, whose failures say what was done to which
/// path.
namespace gantry::store {

/// `STEP: WORDS` of an errno value; a full disk is in the words that clients know from dockerd:
/// `no space left on device`.
api_error file_error(std::string_view step, int error);
/// `STEP 'PATH': WORDS`, likewise.
api_error file_error(std::string_view step, const std::filesystem::path& path, int error);

/// Makes a directory with those permissions; false if it is there. Errors: what mkdir(2) says, and
/// conflict if something else has the name.
result<bool> ensure_directory(const std::filesystem::path& path, unsigned mode);

/// Tells the file system that the subdirectories made in this one from now on have nothing to do
/// with each other, so that it spreads them over the disk (the attribute T of chattr(1)). A hint:
/// only ext2, 3 and 4 know it, nobody needs it to be taken. False if it was not.
bool spread_subdirectories(const std::filesystem::path& directory) noexcept;

/// The names in a directory, in no order; none if there is no such directory.
result<std::vector<std::string>> names_in(const std::filesystem::path& directory);

/// Brings the names in a directory to the disk: after it, a rename into it outlives a power cut.
result<void> sync_directory(const std::filesystem::path& path);

/// rename(2). Errors: what it says.
result<void> rename_path(const std::filesystem::path& from, const std::filesystem::path& to);

/// A path below `directory` that nothing has: 128 random bits.
std::filesystem::path fresh_name(const std::filesystem::path& directory);

/// Makes a directory (mode 0700) with a name that nothing had below `directory`.
result<std::filesystem::path> make_fresh_directory(const std::filesystem::path& directory);

} // namespace gantry::store
