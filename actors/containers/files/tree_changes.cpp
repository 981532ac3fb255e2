#include "actors/containers/files/tree_changes.hpp"

#include "actors/containers/file_copy.hpp"
#include "actors/containers/files/file_marks.hpp"
#include "actors/containers/tree_names.hpp"
#include "actors/host/unique_fd.hpp"
#include "actors/store/confined_root.hpp"
#include "actors/store/file_steps.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string>
#include <utility>

namespace gantry::containers {

namespace {

using container::change;
using container::change_kind;
using host::unique_fd;

constexpr int directory_flags = O_RDONLY | O_DIRECTORY;

// NOTE: times of a directory say nothing; Docker takes whole seconds for the same if either side
// has no more than that.
bool same_time(const timespec& a, const timespec& b) noexcept {
  return a.tv_sec == b.tv_sec && (a.tv_nsec == b.tv_nsec || a.tv_nsec == 0 || b.tv_nsec == 0);
}

bool same_facts(const struct stat& a, const struct stat& b) noexcept {
  return a.st_mode == b.st_mode && a.st_uid == b.st_uid && a.st_gid == b.st_gid &&
         a.st_rdev == b.st_rdev &&
         (S_ISDIR(a.st_mode) || (same_time(a.st_mtim, b.st_mtim) && a.st_size == b.st_size));
}

class comparison {
public:
  comparison(int upper, int lower)
      : upper_(host::duplicate(upper)), lower_(host::duplicate(lower)) {}

  result<std::vector<change>> run() {
    if (auto done = compare(); !done)
      return done.error();
    // By parts of paths: what is in `a` comes before `a.b`.
    std::sort(changes_.begin(), changes_.end(), [](const change& a, const change& b) {
      return std::lexicographical_compare(
          a.path.begin(), a.path.end(), b.path.begin(), b.path.end(), [](char x, char y) {
            const auto rank = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c); };
            return rank(x) < rank(y);
          });
    });
    changes_.erase(std::unique(changes_.begin(), changes_.end()), changes_.end());
    return std::move(changes_);
  }

private:
  /// A directory that has been looked into, and those in it that have not.
  struct level {
    std::string path;
    bool has_lower = false; ///< below it is a directory, too
  };

  // Directories wait in a list, and not on the stack: trees may be deep.
  result<void> compare() {
    std::vector<level> waiting{{{}, true}};
    while (!waiting.empty()) {
      const auto at = std::move(waiting.back());
      waiting.pop_back();
      if (auto done = look_into(at, waiting); !done)
        return done;
    }
    return {};
  }

  result<void> look_into(const level& at, std::vector<level>& waiting) {
    const auto path = at.path.empty() ? "." : at.path;
    const auto upper = upper_.try_straight(path, directory_flags);
    if (!upper) // the container has just removed it
      return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
                 ? result<void>{}
                 : store::file_error("open", at.path, errno);
    const auto lower = at.has_lower ? lower_.try_straight(path, directory_flags) : unique_fd{};
    auto names = names_in_directory(upper.get());
    if (!names)
      return names.error();
    for (const auto& name : *names)
      look_at(at, upper.get(), lower.get(), name, waiting);
    return lower && is_opaque(upper.get()) ? add_hidden(at, lower.get(), std::move(*names))
                                           : result<void>{};
  }

  void look_at(const level& at, int upper, int lower, const std::string& name,
               std::vector<level>& waiting) {
    struct stat now {};
    if (::fstatat(upper, name.c_str(), &now, AT_SYMLINK_NOFOLLOW) != 0)
      return;
    struct stat before {};
    const bool was =
        lower >= 0 && ::fstatat(lower, name.c_str(), &before, AT_SYMLINK_NOFOLLOW) == 0;
    auto path = joined(at.path, name);
    if (is_whiteout(now)) {
      if (was)
        add(at, path, change_kind::removed);
      return;
    }
    if (!was)
      add(at, path, change_kind::added);
    else if (!same_facts(now, before) || capability_of(upper, name) != capability_of(lower, name))
      add(at, path, change_kind::modified);
    if (S_ISDIR(now.st_mode))
      waiting.push_back({std::move(path), was && S_ISDIR(before.st_mode)});
  }

  /// What an opaque directory hides of those below, and has not replaced.
  result<void> add_hidden(const level& at, int lower, std::vector<std::string> own) {
    auto names = names_in_directory(lower);
    if (!names)
      return names.error();
    std::sort(own.begin(), own.end());
    for (const auto& name : *names)
      if (!std::binary_search(own.begin(), own.end(), name))
        add(at, joined(at.path, name), change_kind::removed);
    return {};
  }

  void add(const level& at, const std::string& path, change_kind kind) {
    changes_.push_back({'/' + path, kind});
    // Directories above, as far as they are in both trees; others have been added themselves.
    if (at.has_lower)
      for (auto slash = path.rfind('/'); slash != path.npos && slash != 0;
           slash = path.rfind('/', slash - 1)) {
        const change above{'/' + path.substr(0, slash), change_kind::modified};
        if (!marked_.insert(above.path).second)
          break;
        changes_.push_back(above);
      }
  }

  store::confined_root upper_;
  store::confined_root lower_;
  std::vector<change> changes_;
  std::set<std::string> marked_; // directories that are changed for what is in them
};

} // namespace

result<std::vector<change>> tree_changes_blocking(int upper, int lower) {
  return comparison{upper, lower}.run();
}

} // namespace gantry::containers
