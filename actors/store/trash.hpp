#pragma once

#include "actors/store/tree_removal.hpp"
#include "protocol/error.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace gantry::store {

/// The directory of what was taken out of the store and is still to be deleted. To rename is quick,
/// to delete a million files is not: who has no more use for something leaves it here, and one
/// owner deletes it where nobody waits (`trash_removal`), also what an earlier daemon left.
///
/// Any thread may use it.
class trash {
public:
  /// `directory` is there, on the file system of what will be taken.
  explicit trash(std::filesystem::path directory) : directory_(std::move(directory)) {}

  const std::filesystem::path& directory() const noexcept { return directory_; }

  /// Moves something here, under a fresh name. Errors: what rename(2) says; that it is not there is
  /// none.
  result<void> take(const std::filesystem::path& path);

  /// `tell` is called, on any thread, when something came: after the first time not again before
  /// the owner has looked. To be set before anybody else has this object.
  void on_filled(std::function<void()> tell) { tell_ = std::move(tell); }
  /// The names of what is here. From now on `on_filled` tells again. Errors: of the file system.
  result<std::vector<std::string>> look();

private:
  const std::filesystem::path directory_;
  std::function<void()> tell_;
  std::atomic<bool> told_{false};
};

/// Empties a trash bit by bit, one item after the other. Blocking; for one thread at a time.
class trash_removal {
public:
  explicit trash_removal(std::shared_ptr<trash> from) : from_(std::move(from)) {}

  const std::filesystem::path& directory() const noexcept { return from_->directory(); }

  /// How far it has come.
  struct progress {
    bool empty = false;                ///< there is nothing more that could be deleted
    std::string item;                  ///< that is being deleted, a name; "" between two
    std::size_t waiting = 0;           ///< items known to come after it
    std::uint64_t items = 0;           ///< deleted so far
    std::uint64_t files = 0;           ///< files, directories ... in them
    std::vector<std::string> failures; ///< since the last call; these items stay until next start
  };

  /// Deletes until there is nothing more or `pause` says so, which is asked after each file.
  progress go_on(const std::function<bool()>& pause);

private:
  bool next_item(progress& now);
  void end_item(progress& now);

  std::shared_ptr<trash> from_;
  std::vector<std::string> waiting_;
  std::set<std::string> failed_;
  std::string item_;
  std::optional<tree_removal> removal_;
  std::uint64_t items_ = 0;
  std::uint64_t files_ = 0; // of the items that are over
};

} // namespace gantry::store
