#include "actors/containers/files/file_view.hpp"

#include "actors/containers/overlay_mount.hpp"
#include "actors/store/file_steps.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace gantry::containers {

namespace {

using container::container_view;

/// A file of the container's own that is mounted over one of its root once it has been started.
struct own_file {
  const char* place;
  std::string container_view::*source;
};
constexpr auto own_files = {own_file{"/etc/resolv.conf", &container_view::resolv_conf_path},
                            own_file{"/etc/hostname", &container_view::hostname_path},
                            own_file{"/etc/hosts", &container_view::hosts_path}};

std::vector<std::string> tmpfs_of(const container_view& view) {
  std::vector<std::string> places;
  if (view.host_config->tmpfs)
    for (const auto& [place, options] : *view.host_config->tmpfs)
      places.push_back(place);
  for (const auto& mount : view.mounts)
    if (mount.type == "tmpfs")
      places.push_back(mount.destination);
  return places;
}

/// All places on which something is mounted; those above come first.
std::vector<std::string> places_of(const container_view& view) {
  auto places = tmpfs_of(view);
  for (const auto& mount : view.mounts)
    places.push_back(mount.destination);
  for (const auto& file : own_files)
    places.emplace_back(file.place);
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return places;
}

/// Of a container that does not run: copies of what would be mounted. What is not there any more is
/// left out.
result<std::vector<loose_mount>> mounts_to_be(const container_view& view) {
  std::vector<loose_mount> out;
  const auto add = [&out](const std::string& place, const std::string& source,
                          const std::string& part, bool read_only) -> result<void> {
    auto tree = loose_copy_blocking(source, part);
    if (tree)
      out.push_back({place, std::move(*tree), read_only});
    else if (tree.error().kind != errc::not_found)
      return api_error{tree.error().kind, "mount '" + place + "': " + tree.error().message};
    return {};
  };
  for (const auto& mount : view.mounts) {
    if ((mount.type != "bind" && mount.type != "volume") || mount.source.empty())
      continue;
    const auto& volume = mount.spec.volume_options;
    if (auto added = add(mount.destination, mount.source, volume ? volume->subpath : std::string{},
                         !mount.read_write);
        !added)
      return added.error();
  }
  for (const auto& file : own_files)
    if (const auto& source = view.*file.source; !source.empty())
      if (auto added = add(file.place, source, {}, false); !added)
        return added.error();
  std::stable_sort(out.begin(), out.end(),
                   [](const loose_mount& a, const loose_mount& b) { return a.place < b.place; });
  return out;
}

result<std::vector<loose_mount>> mounts_of(const container_view& view,
                                           const std::filesystem::path& root) {
  if (view.state.pid != 0) {
    struct stat facts {};
    if (::stat(root.c_str(), &facts) != 0)
      return store::file_error("stat", root, errno);
    auto found = mounts_of_process_blocking(static_cast<std::int32_t>(view.state.pid), facts,
                                            places_of(view));
    // It may have ended since the view was taken.
    if (found || found.error().kind != errc::not_found)
      return found;
  }
  return mounts_to_be(view);
}

bool is_in(std::string_view path, std::string_view place) {
  return place == "/" || path == place ||
         (path.starts_with(place) && path.substr(place.size()).starts_with('/'));
}

} // namespace

result<file_view> file_view::open(const files_of_container& container, bool with_mounts) {
  auto root = borrowed_root::borrow_blocking(container.paths, container.layers);
  if (!root)
    return root.error();
  mount_space::content content{.top = root->path()};
  if (with_mounts) {
    auto mounts = mounts_of(container.view, root->path());
    if (!mounts)
      return mounts.error();
    content.parts = std::move(*mounts);
    content.read_only = container.view.host_config->readonly_rootfs;
  }
  auto space = mount_space::make_blocking(std::move(content));
  if (!space)
    return space.error();
  return file_view{std::move(*root), std::move(*space)};
}

result<file_view> file_view::open_blocking(const files_of_container& container) {
  return open(container, true);
}

result<file_view> file_view::open_root_blocking(const files_of_container& container) {
  return open(container, false);
}

result<mount_space> lower_tree_blocking(const files_of_container& container) {
  const auto& [paths, layers, view] = container;
  if (layers.driver == store::layer_driver::copy)
    return api_error{errc::not_implemented,
                     "the changes of a container need overlayfs, which does not work here"};
  if (layers.trees.empty()) // overlayfs wants two
    return mount_space::make_blocking({.top = paths.init()});
  overlay what{.lowers = {layers.trees.rbegin(), layers.trees.rend()},
               .user_xattr = layers.user_xattr};
  what.lowers.insert(what.lowers.begin(), paths.init());
  return mount_space::make_blocking({
      .top = paths.merged(),
      .mount_top = [&what, top = paths.merged()] { return mount_overlay_blocking(what, top); },
  });
}

result<void> check_writable(const container_view& view, const std::string& path) {
  std::string_view place;
  bool writable = !view.host_config->readonly_rootfs;
  const auto look_at = [&](std::string_view at, bool read_write) {
    if (is_in(path, at) && at.size() > place.size()) {
      place = at;
      writable = read_write;
    }
  };
  for (const auto& mount : view.mounts)
    look_at(mount.destination, mount.read_write);
  const auto tmpfs = tmpfs_of(view);
  if (view.state.pid != 0)
    for (const auto& at : tmpfs)
      look_at(at, true);
  if (writable)
    return {};
  return invalid(place.empty() ? "container rootfs is marked read-only"
                               : "mounted volume is marked read-only");
}

} // namespace gantry::containers
