#pragma once

#include "protocol/error.hpp"
#include "protocol/volume/volume.hpp"

#include <filesystem>

namespace gantry::volumes {

/// Mounts what a volume's options say (`volume::needs_mount`) on its directory, unless something is
/// mounted there already. Network file systems may take as long as they like, or never come back.
/// Errors (system), as dockerd has them: `missing device in volume options`, `error resolving
/// passed in network volume address: ...`, `failed to mount local volume: mount DEVICE:PATH, flags:
/// 0x1000, data: x: no such device`.
result<void> mount_volume_blocking(const volume::volume_record& volume,
                                   const std::filesystem::path& directory);

} // namespace gantry::volumes
