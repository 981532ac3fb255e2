#pragma once

#include "protocol/oci/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// Paths in containers as `docker cp` names them.
namespace gantry::container {

/// A path in a container, taken apart as dockerd does. Links are not looked at.
struct container_path {
  /// Absolute; what is found through it by following every link.
  std::string directory;
  /// The last name, whose own link is not followed; empty if `directory` is what is meant: of a
  /// path that ends in `/` or `/.`.
  std::string name;
  std::string shown; ///< the last part as clients see it: `f`, `.`, `/`

  /// The whole of it, with a final `/` or `/.` if it has one.
  std::string text() const;

  friend bool operator==(const container_path&, const container_path&) = default;
};

/// Takes a path apart: `..` goes by the text alone, relative paths begin at `/`.
container_path parse_container_path(std::string_view path);

/// What clients are told of a path ahead of its contents (Engine API ContainerPathStat).
struct path_stat {
  std::string name;
  std::int64_t size = 0;
  std::uint32_t mode = 0; ///< st_mode of stat(2)
  oci::instant modified;
  std::string link_target; ///< of a link: where it leads in the container, absolute; else empty
};

/// A mode as Go counts its bits: permissions, and the type and special bits in places of their own.
std::uint32_t go_file_mode(std::uint32_t mode) noexcept;

/// `{"name":...,"size":...,"mode":...,"mtime":...,"linkTarget":...}`.
std::string to_json(const path_stat& facts);

} // namespace gantry::container
