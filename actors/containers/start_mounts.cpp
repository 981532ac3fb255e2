#include "actors/containers/start_mounts.hpp"

#include "actors/containers/host_directories.hpp"
#include "actors/containers/mount_table.hpp"
#include "actors/containers/overlay_mount.hpp"
#include "actors/containers/root_files.hpp"
#include "actors/containers/start_preparation.hpp"
#include "actors/host/errno_text.hpp"
#include "actors/host/unique_fd.hpp"
#include "actors/store/file_steps.hpp"
#include "protocol/container/resolve_mounts.hpp"
#include "protocol/text.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <utility>

namespace gantry::containers {
namespace {

namespace fs = std::filesystem;
using container::mount_point;
using container::resolved_mount;
using host::unique_fd;

constexpr container::kernel_version recursive_read_only_since{5, 12};

/// What the kernel says, as Go has it.
std::string reason(int error) { return lower(host::errno_text(error)); }

// --- sources of binds -------------------------------------------------------------------------

result<void> make_source(const mount_point& mount) {
  if (mount.type != "bind" || !mount.create_source)
    return {};
  const int error = make_missing_directories(mount.source, 0755);
  if (error != 0 && error != ENOTDIR) // below a file: the runtime will say so
    return api_error{errc::system, "error while creating mount source path '" + mount.source +
                                       "': mkdir " + mount.source + ": " + reason(error)};
  return {};
}

result<void> find_propagation(resolved_mount& mount) {
  const auto& mode = mount.propagation;
  if (mode != "shared" && mode != "rshared" && mode != "slave" && mode != "rslave")
    return {};
  auto on = find_mount_of(mount.source);
  if (!on && on.error().kind == errc::not_found)
    return {}; // the runtime will say so
  if (!on)
    return on.error();
  mount.source_propagation = on->propagation;
  mount.source_mount_point = std::move(on->point);
  return {};
}

// --- parts of volumes and images --------------------------------------------------------------

/// A file or directory below another one, links followed as if that were the root.
result<unique_fd> open_part(const fs::path& whole, const std::string& part) {
  auto root = open_root(whole);
  if (!root)
    return root.error();
  if (const auto directory = root->open_directory(part))
    return host::duplicate(directory->fd);
  auto file = root->open_straight(part, O_PATH);
  if (!file)
    return api_error{errc::system,
                     "cannot access path " + (whole / part).native() + ": " + file.error().message};
  return file;
}

result<void> make_place(const fs::path& place, bool directory) {
  if (directory)
    return ::mkdir(place.c_str(), 0700) == 0 ? result<void>{}
                                             : store::file_error("mkdir", place, errno);
  const unique_fd fd{::open(place.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  return fd ? result<void>{} : store::file_error("create", place, errno);
}

/// A mount of what is open, and of what is mounted below, that is not attached anywhere.
result<unique_fd> clone_mount(int what) {
  unique_fd tree{
      ::open_tree(what, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)};
  if (!tree)
    return host::errno_error("open_tree", errno);
  return tree;
}

result<void> attach_mount(int tree, const fs::path& place) {
  if (::move_mount(tree, "", AT_FDCWD, place.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0 ||
      ::mount(nullptr, place.c_str(), nullptr, MS_PRIVATE | MS_REC, nullptr) != 0)
    return host::errno_error("mount", place.native(), errno);
  return {};
}

/// Mounts a part of a directory tree on a fresh place.
result<void> mount_part(const fs::path& whole, const std::string& part, const fs::path& place) {
  const auto opened = open_part(whole, part);
  if (!opened)
    return opened.error();
  struct stat facts {};
  if (::fstat(opened->get(), &facts) != 0)
    return store::file_error("stat", whole / part, errno);
  if (!S_ISDIR(facts.st_mode) && !S_ISREG(facts.st_mode))
    return api_error{errc::system, "cannot access path " + (whole / part).native() +
                                       ": it is no file and no directory"};
  if (auto made = make_place(place, S_ISDIR(facts.st_mode)); !made)
    return made;
  const auto tree = clone_mount(opened->get());
  if (!tree)
    return tree.error();
  return attach_mount(tree->get(), place);
}

/// What is mounted for one container, each under a name of its own.
class mounted_parts {
public:
  explicit mounted_parts(const start_input& input) : in_(input) {}

  result<void> mount_volume_part(resolved_mount& mount, const std::string& part) {
    const auto place = next_place();
    if (!place)
      return place.error();
    if (auto mounted = mount_part(mount.source, part, *place); !mounted)
      return mounted;
    mount.source = *place;
    return {};
  }

  result<void> mount_image(resolved_mount& mount, const std::string& part) {
    const auto found = in_.image_mounts.find(mount.destination);
    if (found == in_.image_mounts.end())
      return api_error{errc::system, "the image of the mount " + mount.destination + " is unknown"};
    const auto place = next_place();
    if (!place)
      return place.error();
    if (auto mounted = mount_layers(found->second, *place); !mounted)
      return mounted;
    mount.source = *place;
    mount.read_only = true;
    return part.empty() ? result<void>{} : mount_volume_part(mount, part);
  }

private:
  result<fs::path> next_place() {
    const auto& directory = in_.paths.mounts();
    if (auto made = store::ensure_directory(directory, 0710); !made)
      return made.error();
    return directory / std::to_string(count_++);
  }

  result<void> mount_layers(const root_layers& layers, const fs::path& place) {
    if (layers.driver == store::layer_driver::copy)
      return api_error{errc::not_implemented,
                       "mounts of type image need overlayfs, which does not work here"};
    overlay what{.lowers = {layers.trees.rbegin(), layers.trees.rend()},
                 .user_xattr = layers.user_xattr};
    // Overlayfs wants two.
    auto empty = next_place();
    if (!empty)
      return empty.error();
    for (const auto& path : {place, *empty})
      if (auto made = make_place(path, true); !made)
        return made;
    what.lowers.push_back(*empty);
    if (what.lowers.size() > 1)
      return mount_overlay_blocking(what, place);
    return {}; // an image without layers: nothing is mounted, and nothing is there
  }

  const start_input& in_;
  unsigned count_ = 0;
};

} // namespace

result<std::vector<resolved_mount>> prepare_mounts_blocking(const start_input& in) {
  for (const auto& mount : in.mounts)
    if (auto made = make_source(mount); !made)
      return made.error();
  const bool recursive_read_only =
      in.runtime->recursive_read_only && in.daemon->kernel >= recursive_read_only_since;
  auto out = container::resolve_mounts(in.mounts, *in.host_config, recursive_read_only);
  if (!out)
    return api_error{errc::system, out.error().message};

  mounted_parts parts{in};
  for (std::size_t i = 0; i < in.mounts.size(); ++i) {
    const auto& spec = in.mounts[i].spec;
    auto& mount = (*out)[i];
    result<void> ready;
    if (in.mounts[i].type == "image")
      ready = parts.mount_image(mount, spec.image_options ? spec.image_options->subpath : "");
    else if (spec.volume_options && !spec.volume_options->subpath.empty())
      ready = parts.mount_volume_part(mount, spec.volume_options->subpath);
    if (ready)
      ready = find_propagation(mount);
    if (!ready)
      return ready.error();
  }
  return out;
}

} // namespace gantry::containers
