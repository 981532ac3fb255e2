#pragma once

#include "protocol/error.hpp"

#include <filesystem>
#include <vector>

namespace gantry::store {

/// Deletes a file, a link or a directory with all that is in it; nothing there is no failure.
/// Blocking; follows no link, and needs few descriptors however deep the tree is. Goes on after a
/// failure and returns the first.
result<void> remove_tree(const std::filesystem::path& path);

/// What was taken out of the store and is still to be deleted, below `tmp`. To rename is quick, to
/// delete a million files is not: who gets it may delete it where nobody waits. What it holds when
/// it is destroyed it deletes then; what a crash keeps it from, the next start deletes.
class trash {
public:
  trash() = default;
  trash(trash&&) noexcept = default;
  trash& operator=(trash&& other) noexcept;
  ~trash();

  /// Moves something out of its place to a fresh name below `tmp` (same file system). Errors: what
  /// rename(2) says; that it is not there is none.
  result<void> take(const std::filesystem::path& path, const std::filesystem::path& tmp);
  /// Owns something that is below `tmp` already.
  void add(std::filesystem::path path) { paths_.push_back(std::move(path)); }
  /// Owns what another owned.
  void add(trash&& other);

  bool empty() const noexcept { return paths_.empty(); }
  /// Deletes all. Blocking; from any thread. The first failure; what failed is not tried again
  /// before the next start.
  result<void> remove();

private:
  std::vector<std::filesystem::path> paths_;
};

} // namespace gantry::store
