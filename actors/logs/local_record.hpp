#pragma once

#include "actors/logs/record.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// Records of Docker's `local` driver: the size in big endian, a protobuf message (source 1:
/// string, time_nano 2: int64, line 3: bytes without `\n`, partial 4: bool), and the size again, so
/// that they can be read in both directions.
namespace gantry::logs {

/// Bytes of a record besides its message.
inline constexpr std::size_t local_frame = 8;
/// A longer message is no record.
inline constexpr std::size_t longest_local_message = std::size_t{1024} * 1024;

/// Appends one record. `text` is the line without its `\n`.
void append_local_record(std::string& out, source from, std::int64_t time, std::string_view text,
                         bool partial);

/// The whole size of the record at the front of `bytes`, as far as its first five bytes tell;
/// nothing if no record begins with them.
std::optional<std::size_t> local_size_before(std::string_view bytes);

/// The whole size of the record at the end of `bytes`, by its last four bytes; nothing if they are
/// no size.
std::optional<std::size_t> local_size_behind(std::string_view bytes);

/// Reads one whole record. `record::bytes` points into `buffer`. False if it is none.
bool read_local_record(std::string_view bytes, record& into, std::string& buffer);

} // namespace gantry::logs
