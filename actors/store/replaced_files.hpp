#pragma once

#include "actors/host/unique_fd.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace gantry::store {

/// Files of a layer that a later entry of the same layer replaced. They are no part of the tree,
/// but the tar has their contents, so they are set aside: in the end the file that the n-th `file`
/// operation of the record means (from 0) is `LAYER/replaced/n`, if that exists.
///
/// Rare, so that all the work is done here, and nothing is remembered of files that stay.
class replaced_files {
public:
  /// `layer`: the layer's own directory. `replaced/` in it is made when it is needed.
  explicit replaced_files(std::filesystem::path layer) : layer_(std::move(layer)) {}

  /// Sets aside the file or directory `name` in `parent`, whose place in the tree was `path`.
  /// `files_so_far`: how many `file` operations the record has.
  result<void> take(int parent, const std::string& name, std::string path,
                    std::uint64_t files_so_far);

  /// True if there was nothing to set aside.
  bool empty() const noexcept { return taken_.empty(); }

  /// Finds out whose contents were set aside, names them so, and deletes the rest. To be called
  /// when the record is complete.
  result<void> settle(const std::filesystem::path& record);

private:
  struct item {
    std::string path;
    std::uint64_t files_so_far = 0;
  };
  std::filesystem::path directory() const { return layer_ / "replaced"; }

  std::filesystem::path layer_;
  host::unique_fd waiting_; // `replaced/waiting/`: by their index in `taken_`
  std::vector<item> taken_;
};

/// The name of a replaced file, relative to the layer's directory.
std::string replaced_name(std::uint64_t file);

} // namespace gantry::store
