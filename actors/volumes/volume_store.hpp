#pragma once

#include "protocol/error.hpp"
#include "protocol/volume/volume.hpp"

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::store {
class trash;
}

namespace gantry::volumes {

/// Where volumes are; every such path is built here.
///
///     DATA_ROOT/volumes/NAME/       0701
///       _data/                      0755   what containers see; something may be mounted on it
///       _removed/                   the same, from when its removal began
///
/// The directory is there before the record in the database, and goes after it: what a crash leaves
/// has no record, or is called `_removed`.
class volume_paths {
public:
  using path = std::filesystem::path;

  explicit volume_paths(const path& data_root) : root_(data_root / "volumes") {}

  const path& root() const noexcept { return root_; }
  path directory(std::string_view name) const { return root_ / name; }
  path data(std::string_view name) const { return directory(name) / "_data"; }
  path removed(std::string_view name) const { return directory(name) / "_removed"; }

private:
  path root_;
};

/// Volumes that are there for nobody but a container which is being made. They go at the next
/// start, unless the container has been kept by then (`containers::add_container`).
struct volumes_of_creation {
  std::string container;
  std::set<std::string> names;
};

/// The volumes on the disk: records in the database of metadata, and their directories. Blocking;
/// for one thread at a time. What returns without error is on the disk.
class volume_store {
public:
  /// Errors: as `store::open_metadata`; of the file system. `bin` takes what is removed; not null.
  static result<std::unique_ptr<volume_store>> open(const std::filesystem::path& data_root,
                                                    std::shared_ptr<store::trash> bin);

  volume_store(const volume_store&) = delete;
  volume_store& operator=(const volume_store&) = delete;
  ~volume_store();

  const volume_paths& where() const noexcept;

  /// All volumes, oldest first.
  struct content {
    std::vector<volume::volume_record> volumes;
    std::vector<std::string> warnings; ///< for the log
  };
  /// Reads everything after what a crash left was taken away: volumes half made or half removed, or
  /// made for a container that has not come to be. A
  /// directory with files in it that has no record becomes a volume, since the files are
  /// somebody's; a record without a directory gets an empty one. Rows that make no sense go to the
  /// table `set_aside`. Doing it again finds nothing to do.
  result<content> load();

  /// Adds volumes that are not there, all or none; `unkept`: which of them are so. Errors: of the
  /// file system and SQLite.
  result<void> add(const std::vector<volume::volume_record>& volumes,
                   const volumes_of_creation& unkept = {});

  /// Removes a volume, whose files go to the trash. What is mounted on it is detached. Errors: of
  /// the file system and SQLite; the volume is then as it was.
  result<void> remove(const std::string& name);

private:
  struct parts;
  explicit volume_store(std::unique_ptr<parts> p);

  std::unique_ptr<parts> parts_;
};

} // namespace gantry::volumes
