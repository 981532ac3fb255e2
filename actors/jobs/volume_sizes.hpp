#pragma once

#include "actors/volumes/shared_volumes.hpp"

#include <cstdint>
#include <optional>

namespace gantry::jobs {

/// Bytes of the files on a volume; nothing if they cannot be counted. Walks through all of them.
std::optional<std::uint64_t> volume_size_blocking(const volumes::published_volume& volume);

} // namespace gantry::jobs
