#pragma once

#include "actors/logs/record.hpp"

#include <cstddef>
#include <cstdint>

namespace gantry::logs {

/// Where the last records of a file begin.
struct tail_start {
  std::uint64_t offset = 0;
  std::uint64_t records = 0; ///< from there to the end; fewer than asked for: that is all
};

/// pread(2) until `size` bytes are there, the file ends or fails. Returns how many are.
std::size_t read_at(int fd, char* into, std::size_t size, std::uint64_t offset);

/// Where in the first `size` bytes of a file of the `local` driver the last whole record ends.
std::uint64_t last_whole_local_record(int fd, std::uint64_t size);

/// Finds the last `count` records in the first `size` bytes of a file, reading backwards in blocks.
/// Lines that are not whole are not counted.
tail_start find_tail(int fd, log_driver driver, std::uint64_t size, std::uint64_t count);

} // namespace gantry::logs
