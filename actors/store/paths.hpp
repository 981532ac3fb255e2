#pragma once

#include <filesystem>
#include <string_view>
#include <utility>

namespace gantry::store {

/// The tree on disk below the data root; every path in it is built here.
///
///     ROOT/                       0710
///       gantry.db                 what there is: images, references, layers (SQLite, WAL)
///       gantry.db-wal, -shm       SQLite's own
///       reserve                   space that is given back when the disk is full
///       blobs/sha256/HEX          small contents by digest: image configs, byte for byte
///       layers/DRIVER/HEX/        one layer, by the HEX of its diff id
///         diff/                   its unpacked tree, independent of any parent
///         record                  what rebuilds its very tar from `diff/`
///         replaced/N              contents that a later entry of the same layer replaced; rare
///       tmp/NAME/                 all that is being made; its owner has locked `tmp` itself
///       trash/NAME/               what nobody needs any more and is being deleted (`trash.hpp`)
///
/// A thing is made whole below `tmp`, brought to the disk and renamed to its place, and it counts
/// from the commit that names it in `gantry.db` on. It goes the other way round: the commit that
/// no longer names it, a rename to `trash`, and the deletion. So whatever a crash leaves is in
/// `tmp`, in `trash` or has no name in the database, and is found by looking (`recovery.hpp`).
class paths {
public:
  /// `root` is the data root, absolute; a slash at its end does not count.
  explicit paths(std::filesystem::path root)
      : root_(root.has_filename() ? std::move(root) : root.parent_path()) {}

  const std::filesystem::path& root() const noexcept { return root_; }
  std::filesystem::path database() const { return root_ / "gantry.db"; }
  std::filesystem::path reserve() const { return root_ / "reserve"; }
  std::filesystem::path tmp() const { return root_ / "tmp"; }
  std::filesystem::path trash() const { return root_ / "trash"; }

  /// The directory of all blobs.
  std::filesystem::path blobs() const { return root_ / "blobs" / "sha256"; }
  /// One blob. `hex`: the digest without its algorithm.
  std::filesystem::path blob(std::string_view hex) const { return blobs() / hex; }

  /// The directory with one directory per driver.
  std::filesystem::path layers() const { return root_ / "layers"; }
  /// All layers that a driver keeps.
  std::filesystem::path layers(std::string_view driver) const { return layers() / driver; }
  /// One layer. `hex`: its diff id without the algorithm.
  std::filesystem::path layer(std::string_view driver, std::string_view hex) const {
    return layers(driver) / hex;
  }
  /// The unpacked tree in a layer's directory, be that in its place or still below `tmp`.
  static std::filesystem::path diff_of(const std::filesystem::path& layer) {
    return layer / "diff";
  }
  /// The record in a layer's directory, likewise.
  static std::filesystem::path record_of(const std::filesystem::path& layer) {
    return layer / "record";
  }

private:
  std::filesystem::path root_;
};

} // namespace gantry::store
