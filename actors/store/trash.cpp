#include "actors/store/trash.hpp"

#include "actors/host/unique_fd.hpp"
#include "actors/store/file_steps.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace gantry::store {

namespace {

struct close_directory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};
using open_directory = std::unique_ptr<DIR, close_directory>;

/// Directories open at once. What lies deeper is first moved up to the top.
constexpr int max_depth = 32;

/// Empties one tree from the top.
class tree_removal {
public:
  explicit tree_removal(std::filesystem::path top) : top_(std::move(top)) {}

  result<void> run() {
    if (::unlink(top_.c_str()) == 0 || errno == ENOENT)
      return {};
    // unlink(2) of a directory: EISDIR on Linux, EPERM by POSIX, as of a file that is not to go.
    int unlink_error = errno;
    if (unlink_error != EISDIR && unlink_error != EPERM)
      return file_error("remove", top_, unlink_error);
    host::unique_fd fd{::open(top_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!fd)
      return file_error("remove", top_, errno == ENOTDIR ? unlink_error : errno);
    open_directory top{::fdopendir(fd.get())};
    if (!top)
      return file_error("open", top_, errno);
    (void)fd.release();
    top_fd_ = ::dirfd(top.get());
    empty(top.get(), 0);
    if (fault_)
      return *fault_;
    if (::rmdir(top_.c_str()) != 0)
      return file_error("remove", top_, errno);
    return {};
  }

private:
  void fail(std::string_view step, const char* name) {
    if (!fault_)
      fault_ = file_error(std::string{step} + " '" + name + "' below", top_, errno);
  }

  /// Removes all that is in it. Looks again until nothing more went: something was moved here, or
  /// the file system left out entries because others went.
  void empty(DIR* directory, int depth) {
    for (bool progress = true; progress;) {
      progress = false;
      ::rewinddir(directory);
      while (const dirent* entry = ::readdir(directory)) {
        std::string_view name = entry->d_name;
        if (name != "." && name != ".." && remove_entry(::dirfd(directory), *entry, depth))
          progress = true;
      }
    }
  }

  bool remove_entry(int parent, const dirent& entry, int depth) {
    if (entry.d_type != DT_DIR) {
      if (::unlinkat(parent, entry.d_name, 0) == 0)
        return true;
      if (errno != EISDIR && !(errno == EPERM && entry.d_type == DT_UNKNOWN)) {
        fail("remove", entry.d_name);
        return false;
      }
    }
    if (depth == max_depth) {
      if (::unlinkat(parent, entry.d_name, AT_REMOVEDIR) == 0)
        return true;
      return move_up(parent, entry.d_name);
    }
    host::unique_fd fd{
        ::openat(parent, entry.d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    open_directory inner{fd ? ::fdopendir(fd.get()) : nullptr};
    if (!inner) {
      fail("open", entry.d_name);
      return false;
    }
    (void)fd.release();
    empty(inner.get(), depth + 1);
    if (::unlinkat(parent, entry.d_name, AT_REMOVEDIR) == 0)
      return true;
    fail("remove", entry.d_name);
    return false;
  }

  bool move_up(int parent, const char* name) {
    do {
      auto target = std::to_string(moved_++);
      if (::renameat(parent, name, top_fd_, target.c_str()) == 0)
        return true;
    } while (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR);
    fail("move", name);
    return false;
  }

  std::filesystem::path top_;
  int top_fd_ = -1;
  unsigned long moved_ = 0;
  std::optional<api_error> fault_;
};

} // namespace

result<void> remove_tree(const std::filesystem::path& path) { return tree_removal{path}.run(); }

trash& trash::operator=(trash&& other) noexcept {
  if (this != &other) {
    (void)remove();
    paths_ = std::exchange(other.paths_, {});
  }
  return *this;
}

trash::~trash() { (void)remove(); }

result<void> trash::take(const std::filesystem::path& path, const std::filesystem::path& tmp) {
  auto target = fresh_name(tmp);
  if (::rename(path.c_str(), target.c_str()) != 0) {
    if (errno == ENOENT)
      return {};
    return file_error("rename '" + path.string() + "' to", target, errno);
  }
  paths_.push_back(std::move(target));
  return {};
}

void trash::add(trash&& other) {
  for (auto& path : std::exchange(other.paths_, {}))
    paths_.push_back(std::move(path));
}

result<void> trash::remove() {
  result<void> outcome;
  for (const auto& path : std::exchange(paths_, {}))
    if (auto removed = remove_tree(path); !removed && outcome)
      outcome = removed;
  return outcome;
}

} // namespace gantry::store
