#include "protocol/container/resolve_mounts.hpp"

#include "protocol/container/values.hpp"

#include <utility>

namespace gantry::container {

namespace {

using detail::items;

result<resolved_mount> resolve(const mount_point& mount, bool recursive_read_only) {
  resolved_mount out;
  out.destination = mount.destination;
  if (mount.type == "tmpfs") {
    auto options = tmpfs_mount_options(mount.spec);
    if (!options)
      return options.error();
    out.type = "tmpfs";
    out.tmpfs_options = std::move(*options);
    return out;
  }
  const auto options = mount.spec.bind_options.value_or(bind_options{});
  out.source = mount.source;
  out.read_only = !mount.read_write;
  out.recursive_read_only = recursive_read_only && !options.read_only_non_recursive;
  if (out.read_only && options.read_only_force_recursive && !recursive_read_only)
    return api_error{errc::invalid_parameter,
                     "recursively read-only mounts are not supported by this host: " +
                         mount.destination};
  out.non_recursive = options.non_recursive;
  out.propagation = mount.propagation;
  out.optional_propagation = options.propagation.empty();
  return out;
}

} // namespace

result<std::vector<resolved_mount>> resolve_mounts(const std::vector<mount_point>& mounts,
                                                   const host_config& host,
                                                   bool recursive_read_only) {
  std::vector<resolved_mount> out;
  for (const auto& mount : mounts) {
    auto resolved = resolve(mount, recursive_read_only);
    if (!resolved)
      return resolved.error();
    out.push_back(std::move(*resolved));
  }
  for (const auto& [target, options] : items(host.tmpfs))
    out.push_back({.type = "tmpfs", .destination = clean_path(target), .tmpfs_options = options});
  return out;
}

} // namespace gantry::container
