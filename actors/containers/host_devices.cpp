#include "actors/containers/host_devices.hpp"

#include "actors/host/errno_text.hpp"
#include "actors/store/file_steps.hpp"
#include "protocol/text.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

namespace gantry::containers {
namespace {

namespace fs = std::filesystem;
using container::device_node;
using container::device_number;

device_number number_of(dev_t device) {
  return {static_cast<std::int64_t>(major(device)), static_cast<std::int64_t>(minor(device))};
}

/// What `path` is if it is a device or a fifo; no link is followed.
std::optional<device_node> device_at(const std::string& path) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0)
    return std::nullopt;
  device_node out{
      .path = path, .mode = facts.st_mode & 07777, .uid = facts.st_uid, .gid = facts.st_gid};
  if (S_ISCHR(facts.st_mode))
    out.type = 'c';
  else if (S_ISBLK(facts.st_mode))
    out.type = 'b';
  else if (S_ISFIFO(facts.st_mode))
    out.type = 'p';
  else
    return std::nullopt;
  if (out.type != 'p')
    out.number = number_of(facts.st_rdev);
  return out;
}

/// Calls `f(path)` for all that is below, by name, and in the directories for which `enter(name)`.
template <class Enter, class F>
void for_each_below(const std::string& directory, Enter&& enter, F&& f) {
  auto names = store::names_in(directory);
  if (!names)
    return;
  std::sort(names->begin(), names->end());
  for (const auto& name : *names) {
    const auto path = directory + '/' + name;
    std::error_code ignored;
    if (!fs::is_directory(fs::symlink_status(path, ignored)))
      f(path);
    else if (enter(name))
      for_each_below(path, enter, f);
  }
}

api_error no_device(const std::string& path, std::string_view reason) {
  return {errc::system, "error gathering device information while adding custom device " +
                            gantry::quoted(path) + ": " + std::string{reason}};
}

} // namespace

result<std::vector<device_node>> find_devices_blocking(const container::device_mapping& mapping) {
  const auto& inside =
      mapping.path_in_container.empty() ? mapping.path_on_host : mapping.path_in_container;
  std::error_code error;
  const auto found = fs::canonical(mapping.path_on_host, error).native();
  if (error)
    return no_device(mapping.path_on_host, lower(host::errno_text(error.value())));

  std::vector<device_node> out;
  const auto add = [&](const std::string& path) {
    auto device = device_at(path);
    if (!device)
      return;
    device->path = inside + path.substr(found.size());
    device->permissions = mapping.cgroup_permissions;
    out.push_back(std::move(*device));
  };
  add(found);
  if (out.empty())
    for_each_below(
        found, [](const std::string&) { return true; }, add);
  if (out.empty())
    return no_device(mapping.path_on_host, "not a device node");
  return out;
}

std::vector<device_node> find_all_devices_blocking(const std::string& directory) {
  static constexpr std::array<std::string_view, 7> left_out{"pts",  "shm",         "fd",   "mqueue",
                                                            ".lxc", ".lxd-mounts", ".udev"};
  std::vector<device_node> out;
  for_each_below(
      directory,
      [](const std::string& name) {
        return std::find(left_out.begin(), left_out.end(), name) == left_out.end();
      },
      [&](const std::string& path) {
        auto device = device_at(path);
        if (device && device->type != 'p' && !path.ends_with("/console"))
          out.push_back(std::move(*device));
      });
  return out;
}

std::map<std::string, device_number>
find_block_devices_blocking(const container::container_resources& resources) {
  std::map<std::string, device_number> out;
  const auto add = [&](const auto& list) {
    if (!list)
      return;
    for (const auto& entry : *list) {
      struct stat facts {};
      if (::stat(entry.path.c_str(), &facts) == 0)
        out[entry.path] = number_of(facts.st_rdev);
    }
  };
  add(resources.blkio_weight_device);
  add(resources.blkio_device_read_bps);
  add(resources.blkio_device_write_bps);
  add(resources.blkio_device_read_iops);
  add(resources.blkio_device_write_iops);
  return out;
}

} // namespace gantry::containers
