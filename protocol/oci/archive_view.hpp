#pragma once

#include "protocol/error.hpp"
#include "protocol/oci/digest.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace gantry::oci {

/// A layer that lies in an archive of images, packed or not.
struct archive_layer {
  digest diff_id;                ///< of the tar
  std::int64_t size = 0;         ///< of the tar
  digest content;                ///< of the bytes in the archive, packed as they are
  std::int64_t content_size = 0; ///< of the bytes in the archive

  friend bool operator==(const archive_layer&, const archive_layer&) = default;
};

/// What an archive of images holds. All paths are as `clean_archive_path` makes them.
struct archive_view {
  std::map<std::string, std::string, std::less<>> documents; ///< path -> content
  std::map<std::string, archive_layer, std::less<>> layers;  ///< path -> what it is
  /// path -> target as the archive has it, relative to the link's folder. For a hard link: `/` and
  /// its target.
  std::map<std::string, std::string, std::less<>> links;
  std::set<std::string, std::less<>> folders; ///< those of the topmost level, all of them
  std::set<std::string, std::less<>> others;  ///< files that are neither documents nor layers
};

/// What is to be done with an entry while the archive is read.
enum class entry_role : std::uint8_t {
  layer,    ///< unpack it and put it among the `layers`
  document, ///< keep it among the `documents`
  other,    ///< pass it over
};

/// As many bytes as `role_of` can make use of.
inline constexpr std::size_t entry_head_size = 512;

/// Documents larger than that are no documents.
inline constexpr std::int64_t max_document_size = 8 * 1024 * 1024;

/// More documents than that, all together, are no archive of images: the reader stops there.
inline constexpr std::int64_t max_documents_size = 64 * 1024 * 1024;

/// Tells a regular file's role by its path, its first bytes (`entry_head_size`, or all if there are
/// fewer) and its size. NOTE: names say little (`blobs/sha256/HEX`), so the bytes decide.
entry_role role_of(std::string_view path, std::string_view head, std::int64_t size) noexcept;

/// The path of an entry inside of the archive: relative to its root, without `.`, `..` and empty
/// parts. What would lead out of the root stops at it. "" is the root itself.
std::string clean_archive_path(std::string_view path);

/// Puts the topmost folder of an entry's path among the `folders`.
void note_folder(archive_view& view, std::string_view path, bool is_folder);

/// Follows all links in `path`. None leads out of the root. Errors: invalid_parameter `too many
/// links in PATH`.
result<std::string> resolve_archive_path(const archive_view& view, std::string_view path);

/// The document at that path. Errors (invalid_parameter): as `resolve_archive_path`, `open PATH: no
/// such file or directory`, `PATH is not JSON`.
result<const std::string*> find_document(const archive_view& view, std::string_view path);

} // namespace gantry::oci
