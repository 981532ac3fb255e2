#include "actors/store/tree_removal.hpp"

#include "actors/host/unique_fd.hpp"
#include "actors/store/file_steps.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gantry::store {

namespace {

struct close_directory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};
using open_directory = std::unique_ptr<DIR, close_directory>;

/// Directories open at once. What lies deeper is first moved up to the top.
constexpr std::size_t max_depth = 32;

/// The directory of that name, or null with errno.
open_directory open_at(int parent, const char* name) {
  host::unique_fd fd{::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  open_directory opened{fd ? ::fdopendir(fd.get()) : nullptr};
  if (opened)
    (void)fd.release();
  return opened;
}

} // namespace

class tree_removal::walk {
public:
  explicit walk(std::filesystem::path top) : top_(std::move(top)) {}

  bool go_on(const std::function<bool()>& pause) {
    if (!std::exchange(begun_, true))
      begin();
    while (!open_.empty()) {
      step();
      if (!open_.empty() && pause())
        return false;
    }
    return true;
  }
  const result<void>& outcome() const noexcept { return outcome_; }
  std::uint64_t removed() const noexcept { return removed_; }

private:
  /// A directory that is being emptied.
  struct level {
    open_directory directory;
    std::string name;      ///< in the one above; of the top: its path
    bool progress = false; ///< something went since it was read from its beginning
  };

  void fail(const api_error& error) {
    if (outcome_)
      outcome_ = error;
  }
  void fail(std::string_view step, const char* name) {
    fail(file_error(std::string{step} + " '" + name + "' below", top_, errno));
  }

  void begin() {
    if (::unlink(top_.c_str()) == 0) {
      ++removed_;
      return;
    }
    if (errno == ENOENT)
      return;
    // unlink(2) of a directory: EISDIR on Linux, EPERM by POSIX, as of a file that is not to go.
    const int unlink_error = errno;
    if (unlink_error != EISDIR && unlink_error != EPERM)
      return fail(file_error("remove", top_, unlink_error));
    if (auto directory = open_at(AT_FDCWD, top_.c_str()))
      open_.push_back({std::move(directory), top_.string()});
    else
      fail(file_error("remove", top_, errno == ENOTDIR ? unlink_error : errno));
  }

  /// Deals with one entry of the innermost directory.
  void step() {
    auto& at = open_.back();
    const dirent* entry = ::readdir(at.directory.get());
    if (entry == nullptr) {
      // Looked at again until nothing more goes: something was moved here, or the file system left
      // out entries because others went.
      if (!std::exchange(at.progress, false))
        return leave();
      return ::rewinddir(at.directory.get());
    }
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..")
      remove(::dirfd(at.directory.get()), *entry);
  }

  /// Removes an entry of the innermost directory; one that has to be emptied first becomes that.
  void remove(int parent, const dirent& entry) {
    if (entry.d_type != DT_DIR) {
      if (::unlinkat(parent, entry.d_name, 0) == 0)
        return went();
      if (errno != EISDIR && !(errno == EPERM && entry.d_type == DT_UNKNOWN))
        return fail("remove", entry.d_name);
    }
    if (open_.size() > max_depth) {
      if (::unlinkat(parent, entry.d_name, AT_REMOVEDIR) == 0)
        return went();
      return move_up(parent, entry.d_name);
    }
    if (auto inner = open_at(parent, entry.d_name))
      open_.push_back({std::move(inner), entry.d_name});
    else
      fail("open", entry.d_name);
  }

  void went() {
    ++removed_;
    open_.back().progress = true;
  }

  void move_up(int parent, const char* name) {
    do {
      const auto target = std::to_string(moved_++);
      if (::renameat(parent, name, ::dirfd(open_.front().directory.get()), target.c_str()) == 0) {
        open_.front().progress = open_.back().progress = true;
        return;
      }
    } while (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR);
    fail("move", name);
  }

  /// The innermost directory is as empty as it gets.
  void leave() {
    const auto name = std::move(open_.back().name);
    open_.pop_back();
    const bool is_top = open_.empty();
    const int parent = is_top ? AT_FDCWD : ::dirfd(open_.back().directory.get());
    const bool gone = ::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0;
    if (!is_top)
      return gone ? went() : fail("remove", name.c_str());
    if (gone)
      ++removed_;
    else
      fail(file_error("remove", top_, errno));
  }

  const std::filesystem::path top_;
  std::vector<level> open_; // top first
  unsigned long moved_ = 0;
  std::uint64_t removed_ = 0;
  bool begun_ = false;
  result<void> outcome_;
};

tree_removal::tree_removal(std::filesystem::path top)
    : walk_(std::make_unique<walk>(std::move(top))) {}
tree_removal::tree_removal(tree_removal&&) noexcept = default;
tree_removal& tree_removal::operator=(tree_removal&&) noexcept = default;
tree_removal::~tree_removal() = default;

bool tree_removal::go_on(const std::function<bool()>& pause) { return walk_->go_on(pause); }
const result<void>& tree_removal::outcome() const noexcept { return walk_->outcome(); }
std::uint64_t tree_removal::removed() const noexcept { return walk_->removed(); }

result<void> remove_tree(const std::filesystem::path& path) {
  tree_removal removal{path};
  removal.go_on([] { return false; });
  return removal.outcome();
}

} // namespace gantry::store
