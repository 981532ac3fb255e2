#pragma once

#include "actors/host/unique_fd.hpp"
#include "protocol/error.hpp"

#include <cstdint>

namespace gantry::store {

/// What a directory holds, itself included; a file with several links counts once.
struct tree_usage {
  std::uint64_t apparent = 0;  ///< sizes of all that is no directory, as `stat` tells them
  std::uint64_t allocated = 0; ///< bytes on the disk
  std::uint64_t inodes = 0;
};

/// Measures by walking, without following links. What goes away meanwhile does not count.
/// Errors: of the file system.
result<tree_usage> measure_tree(host::unique_fd directory);

} // namespace gantry::store
