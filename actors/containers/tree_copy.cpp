#include "actors/containers/tree_copy.hpp"

#include "actors/containers/file_copy.hpp"
#include "actors/containers/tree_names.hpp"
#include "actors/store/confined_root.hpp"
#include "actors/store/file_steps.hpp"
#include "actors/store/tree_removal.hpp"
#include "actors/store/whiteout.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gantry::containers {
namespace {

using host::unique_fd;
using store::whiteout_kind;

constexpr int directory_flags = O_RDONLY | O_DIRECTORY;

api_error at_path(const api_error& error, const std::string& path) {
  return {error.kind, error.message + " (at '" + path + "')"};
}

// Deletes what has that name, be it a directory; nothing there is fine.
result<void> remove_at(int directory, const std::string& name) {
  return store::remove_tree("/proc/self/fd/" + std::to_string(directory) + '/' + name);
}

class tree_copy {
public:
  tree_copy(unique_fd from, unique_fd to, copied_form form)
      : from_(std::move(from)), to_(std::move(to)), form_(form) {}

  result<void> run() {
    if (auto entered = enter({}); !entered)
      return entered;
    while (!open_.empty()) {
      auto& level = open_.back();
      if (level.directories.empty()) {
        if (auto left = leave(level); !left)
          return left;
        open_.pop_back();
        continue;
      }
      auto path = joined(level.path, level.directories.back());
      level.directories.pop_back();
      if (auto entered = enter(std::move(path)); !entered)
        return entered;
    }
    return {};
  }

private:
  // A directory, all of whose files have been copied, and those in it that have not been entered.
  struct level {
    std::string path;
    std::vector<std::string> directories;
  };

  // Both sides of it are opened for the time that something is done in it.
  struct sides {
    unique_fd from;
    unique_fd to;
  };
  result<sides> open(const std::string& path) const {
    const std::string name = path.empty() ? "." : path;
    auto from = from_.open_straight(name, directory_flags);
    auto to = from ? to_.open_straight(name, directory_flags) : std::move(from);
    if (!to)
      return at_path(to.error(), path);
    return sides{std::move(*from), std::move(*to)};
  }

  result<void> enter(std::string path) {
    auto at = open(path);
    if (!at)
      return at.error();
    auto names = names_in_directory(at->from.get());
    if (!names)
      return at_path(names.error(), path);
    open_.push_back({std::move(path), {}});
    if (form_ == copied_form::layer)
      if (auto applied = apply_whiteouts(*at, *names); !applied)
        return at_path(applied.error(), open_.back().path);
    for (const auto& name : *names)
      if (auto copied = copy_entry(*at, name); !copied)
        return at_path(copied.error(), joined(open_.back().path, name));
    return {};
  }

  // When all below it is done: whatever is made in a directory changes its times.
  result<void> leave(const level& done) {
    const auto at = open(done.path);
    if (!at)
      return at.error();
    if (auto copied = copy_directory_facts(at->from.get(), at->to.get()); !copied)
      return at_path(copied.error(), done.path);
    return {};
  }

  // Takes what they say away from the target, and them from the names.
  static result<void> apply_whiteouts(const sides& at, std::vector<std::string>& names) {
    std::vector<std::string> kept;
    std::vector<std::string> gone;
    bool opaque = false;
    for (auto& name : names) {
      const auto meaning = store::place_of(name, store::whiteout_form::overlay);
      if (!meaning)
        continue; // names nothing
      if (meaning->whiteout == whiteout_kind::none)
        kept.push_back(std::move(name));
      else if (meaning->whiteout == whiteout_kind::remove)
        gone.push_back(meaning->name);
      else
        opaque = opaque || meaning->whiteout == whiteout_kind::opaque;
    }
    names = std::move(kept);
    if (opaque) {
      auto all = names_in_directory(at.to.get());
      if (!all)
        return all.error();
      gone = std::move(*all);
    }
    for (const auto& name : gone)
      if (auto removed = remove_at(at.to.get(), name); !removed)
        return removed;
    return {};
  }

  result<void> copy_entry(const sides& at, const std::string& name) {
    struct stat facts {};
    if (::fstatat(at.from.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0)
      return errno == ENOENT ? result<void>{} : store::file_error("stat", errno);
    const bool is_directory = S_ISDIR(facts.st_mode);
    const auto cleared = make_room(at.to.get(), name, is_directory);
    if (!cleared)
      return cleared.error();
    if (is_directory) {
      if (*cleared && ::mkdirat(at.to.get(), name.c_str(), 0700) != 0)
        return store::file_error("mkdir", errno);
      open_.back().directories.push_back(name);
      return {};
    }
    if (facts.st_nlink > 1) {
      const auto first =
          linked_.try_emplace({facts.st_dev, facts.st_ino}, std::pair{open_.back().path, name});
      if (!first.second)
        return link(first.first->second, at.to.get(), name);
    }
    return copy_file({at.from.get(), name}, {at.to.get(), name}, facts);
  }

  // True if nothing of that name is there any more; false for a directory that stays.
  static result<bool> make_room(int to, const std::string& name, bool for_directory) {
    struct stat facts {};
    if (::fstatat(to, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0)
      return errno == ENOENT ? result<bool>{true} : store::file_error("stat", errno);
    if (for_directory && S_ISDIR(facts.st_mode))
      return false;
    if (auto removed = remove_at(to, name); !removed)
      return removed.error();
    return true;
  }

  result<void> link(const std::pair<std::string, std::string>& first, int to,
                    const std::string& name) const {
    const auto parent = to_.open_straight(first.first.empty() ? "." : first.first, directory_flags);
    if (!parent)
      return parent.error();
    if (::linkat(parent->get(), first.second.c_str(), to, name.c_str(), 0) != 0)
      return store::file_error("link", errno);
    return {};
  }

  store::confined_root from_;
  store::confined_root to_;
  copied_form form_;
  std::vector<level> open_;
  // Files that have several links, and where the first of them was copied to.
  std::map<std::pair<dev_t, ino_t>, std::pair<std::string, std::string>> linked_;
};

} // namespace

result<void> copy_tree_blocking(unique_fd from, unique_fd to, copied_form form) {
  return tree_copy{std::move(from), std::move(to), form}.run();
}

result<void> copy_directory_facts(int from, int to) {
  struct stat facts {};
  if (::fstat(from, &facts) != 0)
    return store::file_error("stat", errno);
  return copy_facts(from, to, facts);
}

} // namespace gantry::containers
