#include "actors/containers/volume_copy.hpp"

#include "actors/containers/tree_copy.hpp"
#include "actors/host/unique_fd.hpp"
#include "actors/store/file_steps.hpp"

#include <fcntl.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace gantry::containers {
namespace {

result<void> fill_volume(store::confined_root& root, const container::mount_point& mount,
                         const volume_mounter& mount_volume) {
  const auto source = root.open_directory(mount.destination);
  if (!source && source.error().kind == errc::not_found)
    return {};
  if (!source)
    return api_error{errc::system, is_anonymous(mount)
                                       ? "cannot mount volume over existing file, file exists " +
                                             mount.destination
                                       : "source " + mount.destination + " is not directory"};
  if (mount_volume)
    if (auto mounted = mount_volume(mount); !mounted)
      return mounted;
  std::error_code error;
  const bool fresh = std::filesystem::is_empty(mount.source, error);
  if (error)
    return store::file_error("open", mount.source, error.value());
  if (!fresh)
    return {};
  host::unique_fd volume{::open(mount.source.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!volume)
    return store::file_error("open", mount.source, errno);
  auto copied = copy_tree_blocking(host::duplicate(source->fd), std::move(volume));
  if (!copied)
    return api_error{copied.error().kind,
                     "fill volume " + mount.name + ": " + copied.error().message};
  return {};
}

} // namespace

result<void> fill_volumes_blocking(store::confined_root& root,
                                   const std::vector<container::mount_point>& mounts,
                                   const volume_mounter& mount_volume) {
  for (const auto& mount : mounts)
    if (mount.type == "volume" && mount.copy_up)
      if (auto filled = fill_volume(root, mount, mount_volume); !filled)
        return filled;
  return {};
}

} // namespace gantry::containers
