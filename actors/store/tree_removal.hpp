#pragma once

#include "protocol/error.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

namespace gantry::store {

/// Deletes a file, a link or a directory with all that is in it, a bit at a time. Follows no link,
/// needs few descriptors however deep the tree is, goes on after a failure. Blocking; for one
/// thread at a time. What was not reached when it is destroyed stays.
class tree_removal {
public:
  /// Nothing there is no failure.
  explicit tree_removal(std::filesystem::path top);
  tree_removal(tree_removal&&) noexcept;
  tree_removal& operator=(tree_removal&&) noexcept;
  ~tree_removal();

  /// Deletes until all is gone, which is true, or `pause` says so, which is asked after each entry.
  /// To be called again until it is true.
  bool go_on(const std::function<bool()>& pause);
  /// How it ended: the first failure.
  const result<void>& outcome() const noexcept;
  /// Files, directories and whatever else is gone so far.
  std::uint64_t removed() const noexcept;

private:
  class walk;
  std::unique_ptr<walk> walk_;
};

/// Deletes all of it at once.
result<void> remove_tree(const std::filesystem::path& path);

} // namespace gantry::store
