#pragma once

#include "protocol/error.hpp"

#include <filesystem>

namespace gantry::host {

/// True if something is mounted there. Asks the file system, which may be another machine's.
bool is_mounted(const std::filesystem::path& place) noexcept;

/// Detaches all that is mounted on `place`: it goes when its last user does. Asks nobody and waits
/// for nobody, whatever is mounted; nothing there or nothing mounted is no error. Errors: of
/// umount2(2).
result<void> detach_mounts(const std::filesystem::path& place);

} // namespace gantry::host
