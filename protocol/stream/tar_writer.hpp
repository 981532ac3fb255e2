#pragma once

#include "protocol/error.hpp"
#include "protocol/stream/pax.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace gantry::stream {

/// What an entry of a tar is, by its type field.
enum class tar_type : char {
  file = '0',
  hard_link = '1',
  symbolic_link = '2',
  character_device = '3',
  block_device = '4',
  directory = '5',
  fifo = '6',
};

/// What the headers of a tar entry say. Owners have no names.
struct tar_member {
  std::string_view path; ///< a directory's ends in `/`
  tar_type type = tar_type::file;
  std::uint64_t size = 0; ///< of a file
  unsigned mode = 0644;
  std::int64_t modified = 0; ///< seconds since 1970
  std::string_view link;     ///< target of a link; of a hard link a path of this tar
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t device_major = 0; ///< of a device
  std::uint32_t device_minor = 0;
  std::string_view capability = {}; ///< the extended attribute `security.capability`; empty: none
};

/// The headers of one entry: a ustar header, after a pax extended header if something has no room
/// in it (path or link of more than 100 bytes that cannot be split, or not in ASCII; 8 GiB or
/// more; a time before 1970 or after 2242; an owner of 2^21 or more; a capability). The mode may
/// have the bits of the file's type, as dockerd writes them. Contents and `tar_padding` follow.
std::string tar_header(const tar_member& member);

/// Zero bytes, 0 to 511, that follow contents of `size` bytes.
std::string_view tar_padding(std::uint64_t size) noexcept;

/// Headers, contents and padding of a small file; the size is that of `contents`.
std::string tar_file(tar_member member, std::string_view contents);

/// What ends a tar: two blocks of zeros.
std::string_view tar_end() noexcept;

/// Bytes that an entry with contents of `member.size` bytes takes in all.
std::uint64_t tar_entry_size(const tar_member& member);

} // namespace gantry::stream
