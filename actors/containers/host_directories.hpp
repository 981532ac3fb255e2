#pragma once

#include <sys/types.h>

#include <filesystem>

namespace gantry::containers {

/// Makes a directory of the host and those above it that are missing, with that mode, whatever the
/// process's mask is. What is there stays as it is, be it a file. Returns 0 or what went wrong, an
/// errno value.
int make_missing_directories(const std::filesystem::path& path, mode_t mode);

} // namespace gantry::containers
