#include "actors/containers/container_files.hpp"

#include "actors/containers/overlay_mount.hpp"
#include "actors/containers/root_files.hpp"
#include "actors/containers/tree_copy.hpp"
#include "actors/containers/volume_copy.hpp"
#include "actors/host/tree_reader.hpp"
#include "actors/host/unique_fd.hpp"
#include "actors/store/file_steps.hpp"
#include "actors/store/trash.hpp"
#include "actors/store/tree_removal.hpp"
#include "actors/store/tree_usage.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <string_view>
#include <utility>

namespace gantry::containers {
namespace {

namespace fs = std::filesystem;
using store::layer_driver;

result<host::unique_fd> open_directory(const fs::path& path) {
  host::unique_fd fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd)
    return store::file_error("open", path, errno);
  return fd;
}

result<void> make_directory(const fs::path& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0)
    return store::file_error("mkdir", path, errno);
  // Whatever the process's mask is.
  if (::chmod(path.c_str(), mode) != 0)
    return store::file_error("chmod", path, errno);
  return {};
}

result<std::uint64_t> bytes_in(const fs::path& path) {
  auto directory = open_directory(path);
  if (!directory)
    return directory.error();
  const auto usage = store::measure_tree(std::move(*directory));
  if (!usage)
    return usage.error();
  return usage->apparent;
}

/// Makes the parts of a container, one after the other.
class creation {
public:
  explicit creation(const new_container& what) : what_(what), paths_(what.paths) {}

  result<void> run() {
    if (auto made = store::ensure_directory(paths_.directory().parent_path(), 0710); !made)
      return made.error();
    if (auto made = make_directory(paths_.directory(), 0710); !made)
      return made;
    auto done = fill();
    if (!done) {
      if (unmount_container_blocking(paths_))
        (void)store::remove_tree(paths_.directory());
    }
    return done;
  }

private:
  result<void> fill() {
    if (auto made = make_directory(paths_.merged(), 0755); !made)
      return made;
    return what_.layers.driver == layer_driver::copy ? fill_copy() : fill_overlay();
  }

  result<void> fill_overlay() {
    if (auto made = make_directory(paths_.work(), 0700); !made)
      return made;
    for (const auto& path : {paths_.init(), paths_.upper()})
      if (auto made = make_top(path); !made)
        return made;
    if (auto made = make_init(); !made)
      return made;
    return make_working_directory();
  }

  /// A directory that is to be the top of a root: as that of the image is.
  result<void> make_top(const fs::path& path) const {
    if (auto made = make_directory(path, 0755); !made)
      return made;
    if (what_.layers.trees.empty())
      return {};
    const auto from = open_directory(what_.layers.trees.back());
    const auto to = open_directory(path);
    if (!from || !to)
      return from ? to.error() : from.error();
    return copy_directory_facts(from->get(), to->get());
  }

  /// Makes init/ on top of the image, which is what volumes are filled from as well.
  result<void> make_init() {
    if (what_.layers.trees.empty()) // nor is there anything for volumes
      return make_files(paths_.init());
    const overlay init{.lowers = {what_.layers.trees.rbegin(), what_.layers.trees.rend()},
                       .upper = paths_.init(),
                       .work = paths_.work(),
                       .user_xattr = what_.layers.user_xattr,
                       .durable = false};
    if (auto mounted = mount_overlay_blocking(init, paths_.merged()); !mounted)
      return mounted;
    auto made = make_files(paths_.merged());
    if (auto gone = unmount_blocking(paths_.merged()); !gone && made)
      return gone;
    return made;
  }

  result<void> make_files(const fs::path& top) {
    auto root = open_root(top);
    if (!root)
      return root.error();
    if (auto made = make_common_files(root->fd()); !made)
      return made;
    root->forget();
    if (auto filled = fill_volumes_blocking(*root, what_.mounts, what_.mount_volume); !filled)
      return filled;
    has_working_directory_ =
        what_.working_dir.empty() || root->open_directory(what_.working_dir).has_value();
    return {};
  }

  /// NOTE: it is the container's own, not of init/: `docker diff` shows it.
  result<void> make_working_directory() const {
    if (has_working_directory_)
      return {};
    return with_root_blocking(paths_, what_.layers,
                              [this](const fs::path& top) -> result<void> {
                                auto root = open_root(top);
                                if (!root)
                                  return root.error();
                                const auto made = make_root_directory(*root, what_.working_dir);
                                return made ? result<void>{} : result<void>{made.error()};
                              },
                              {.durable = false});
  }

  result<void> fill_copy() {
    for (const auto& tree : what_.layers.trees) {
      auto from = open_directory(tree);
      auto to = open_directory(paths_.merged());
      if (!from || !to)
        return from ? to.error() : from.error();
      if (auto copied = copy_tree_blocking(std::move(*from), std::move(*to), copied_form::layer);
          !copied)
        return copied;
    }
    if (auto made = make_files(paths_.merged()); !made)
      return made;
    const auto size = bytes_in(paths_.merged());
    if (!size)
      return size.error();
    std::ofstream file{paths_.base_size()};
    file << *size << '\n';
    file.close();
    if (!file)
      return store::file_error("write", paths_.base_size(), EIO);
    return make_working_directory();
  }

  const new_container& what_;
  const container_paths& paths_;
  bool has_working_directory_ = false;
};

} // namespace

result<void> create_container_files_blocking(const new_container& container) {
  auto made = creation{container}.run();
  // NOTE: clients take a not_found for the image's.
  if (!made && made.error().kind == errc::not_found)
    return api_error{errc::system, made.error().message};
  return made;
}

result<void> release_container_blocking(const container_paths& paths) {
  auto unmounted = unmount_container_blocking(paths);
  auto removed = store::remove_tree(paths.exec_directory());
  return unmounted ? removed : unmounted;
}

result<void> remove_container_files_blocking(const container_paths& paths, store::trash& bin) {
  // What is still mounted would be deleted too: the user's volumes.
  if (auto released = release_container_blocking(paths); !released)
    return released;
  if (auto unmounted = unmount_container_blocking(paths, borrowers::lose); !unmounted)
    return unmounted;
  return bin.take(paths.directory());
}

result<container::container_sizes> measure_container_blocking(const container_paths& paths,
                                                              layer_driver driver,
                                                              std::uint64_t image_size) {
  const bool copied = driver == layer_driver::copy;
  auto writable = bytes_in(copied ? paths.merged() : paths.upper());
  if (!writable)
    return writable.error();
  if (copied) {
    const auto text = host::read_word(paths.base_size().native());
    std::uint64_t base = 0;
    std::from_chars(text.data(), text.data() + text.size(), base);
    *writable -= std::min(base, *writable);
  }
  return container::container_sizes{
      .writable = static_cast<std::int64_t>(*writable),
      .root = static_cast<std::int64_t>(*writable + image_size),
  };
}

} // namespace gantry::containers
