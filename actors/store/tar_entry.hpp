#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::store {

/// What an entry of a tar is.
enum class entry_kind : std::uint8_t {
  file,
  directory,
  symbolic_link,
  hard_link,
  character_device,
  block_device,
  fifo,
  other, ///< a socket: nothing that a layer brings along
};

/// One entry of a tar, as its headers tell; nothing in it was checked. The views are the reader's.
struct tar_entry {
  struct xattr {
    std::string_view name;
    std::string_view value;
  };

  entry_kind kind = entry_kind::file;
  std::string_view path;
  std::string_view link;  ///< target of a link
  std::uint64_t size = 0; ///< of a file, holes included
  unsigned mode = 0;      ///< with the set-id bits and the sticky bit
  std::int64_t uid = 0;
  std::int64_t gid = 0;
  timespec modified{};
  std::optional<timespec> accessed;
  dev_t device = 0;
  std::vector<xattr> xattrs;
};

/// A part of a file's contents; what no part covers is a hole.
struct tar_data {
  std::uint64_t offset = 0;
  std::string_view bytes;
};

} // namespace gantry::store
