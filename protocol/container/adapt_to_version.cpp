#include "protocol/container/create_request.hpp"

#include "protocol/container/modes.hpp"
#include "protocol/container/values.hpp"

namespace gantry::container {

namespace {

using detail::invalid;

using api::api_version;

template <class F>
void for_each_mount(create_request& request, F&& change) {
  if (request.host_config.mounts)
    for (auto& mount : *request.host_config.mounts)
      change(mount);
}

// NOTE: "default" is how clients ask for whatever network the platform defaults to.
void name_network(create_request& request) {
  auto& mode = request.host_config.network_mode;
  if (!mode.empty() && mode != "default")
    return;
  mode = "bridge";
  auto& endpoints = request.networking_config.endpoints;
  if (auto node = endpoints.extract("default")) {
    endpoints.erase("bridge");
    node.key() = "bridge";
    endpoints.insert(std::move(node));
  }
}

void forget_newer_members(create_request& request, api_version v, bool cgroup_v2) {
  auto& host = request.host_config;
  if (v < api_version{1, 25})
    host.auto_remove = false;
  if (v < api_version{1, 40} && host.ipc_mode.empty())
    host.ipc_mode = "shareable";
  if (v < api_version{1, 41} && host.cgroupns_mode.empty() && !cgroup_v2)
    host.cgroupns_mode = "host";
  if (v < api_version{1, 42})
    host.console_size = {};
  else
    host.resources.kernel_memory = 0;
  if (v < api_version{1, 43})
    host.annotations.reset();
  if (v < api_version{1, 44} && request.config.healthcheck)
    request.config.healthcheck->start_interval = 0;
  for_each_mount(request, [v](mount_request& mount) {
    if (v < api_version{1, 40} && mount.bind_options)
      mount.bind_options->non_recursive = false;
    if (!(v < api_version{1, 42}))
      return;
    if (mount.bind_options)
      mount.bind_options->create_mountpoint = false;
    if (mount.type != "volume")
      mount.volume_options.reset();
    if (mount.type != "tmpfs")
      mount.tmpfs_options.reset();
  });
}

result<void> check_mount(const mount_request& mount, api_version v) {
  if (v >= api_version{1, 42}) {
    auto misplaced = [&mount](std::string_view options) {
      return invalid(std::string{options} + " must not be specified on mount type \"" + mount.type +
                     '"');
    };
    if (mount.volume_options && mount.type != "volume")
      return misplaced("VolumeOptions");
    if (mount.bind_options && mount.type != "bind")
      return misplaced("BindOptions");
    if (mount.tmpfs_options && mount.type != "tmpfs")
      return misplaced("TmpfsOptions");
  }
  if (v < api_version{1, 44} && mount.type == "bind" && mount.bind_options &&
      mount.bind_options->read_only_force_recursive)
    return invalid("BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer");
  if (v < api_version{1, 45} && mount.volume_options && !mount.volume_options->subpath.empty())
    return invalid("VolumeOptions.Subpath needs API v1.45 or newer");
  if (v < api_version{1, 48} && mount.type == "image")
    return invalid("Mount type \"Image\" needs API v1.48 or newer");
  return {};
}

result<void> check_endpoint_count(const networking_config& networks) {
  if (networks.endpoints.size() <= 1)
    return {};
  std::string names;
  for (const auto& [name, settings] : networks.endpoints)
    names.append(names.empty() ? "" : ", ").append(name);
  return invalid("Container cannot be created with multiple network endpoints: " + names);
}

// The endpoint in the network that the container is in from the start.
result<endpoint_settings*> main_endpoint(create_request& request, api_version v) {
  const auto& mode = request.host_config.network_mode;
  auto& endpoints = request.networking_config.endpoints;
  // NOTE: before 1.44 the one endpoint is the main one, whatever it is called.
  if (v < api_version{1, 44} && endpoints.size() == 1)
    return &endpoints.begin()->second.emplace(
        endpoints.begin()->second.value_or(endpoint_settings{}));
  if (!endpoints.empty() && !endpoints.contains(mode))
    return invalid("unable to migrate container-wide MAC address to a specific network: "
                   "HostConfig.NetworkMode must match the identity of a network in "
                   "NetworkSettings.Networks");
  auto& settings = endpoints[mode];
  return settings ? &*settings : &settings.emplace();
}

// The MacAddress of Config is that of the main endpoint: it goes there, and is shown in both
// places.
result<std::string> move_mac_address(create_request& request, api_version v) {
  auto& mac = request.config.mac_address;
  const auto& mode = request.host_config.network_mode;
  auto& endpoints = request.networking_config.endpoints;
  const bool has_endpoint = mode == "bridge" || is_user_network(mode);
  const bool old = v < api_version{1, 44};
  if (mac.empty()) {
    if (old)
      for (auto& [name, settings] : endpoints)
        if (settings)
          settings->mac_address.clear();
    if (auto main = endpoints.find(mode); has_endpoint && main != endpoints.end() && main->second)
      mac = main->second->mac_address;
    return std::string{};
  }
  if (has_endpoint) {
    auto endpoint = main_endpoint(request, v);
    if (!endpoint)
      return endpoint.error();
    auto& wanted = (*endpoint)->mac_address;
    if (!old && !wanted.empty() && wanted != mac)
      return invalid("the container-wide MAC address must match the endpoint-specific MAC address "
                     "for the main network, or be left empty");
    wanted = mac;
  } else if (old) {
    return invalid("conflicting options: mac-address and the network mode");
  } else {
    mac.clear();
  }
  if (old)
    return std::string{};
  return std::string{
      "The container-wide MacAddress field is now deprecated. It should be specified "
      "in EndpointsConfig instead."};
}

// A volume driver for the whole container says nothing of mounts.
std::string volume_driver_warning(const host_config& host, api_version v) {
  if (host.volume_driver.empty() || v < api_version{1, 48} || !host.mounts)
    return {};
  for (const auto& mount : *host.mounts) {
    const bool own_driver = mount.volume_options && mount.volume_options->driver_config &&
                            !mount.volume_options->driver_config->name.empty();
    if (mount.type == "volume" && !own_driver)
      return "WARNING: the container-wide volume-driver configuration is ignored for volumes "
             "specified via 'mount'. Use '--mount type=volume,volume-driver=...' instead";
  }
  return {};
}

void settle_meanings(create_request& request, api_version v) {
  auto& host = request.host_config;
  if (v < api_version{1, 48})
    for (auto& [name, settings] : request.networking_config.endpoints)
      if (settings)
        settings->gw_priority = 0;
  if (host.resources.pids_limit && *host.resources.pids_limit <= 0)
    host.resources.pids_limit.reset();
  if (host.restart_policy.name.empty())
    host.restart_policy.name = "no";
}

} // namespace

result<version_effects> adapt_to_version(create_request& request, api_version v, bool cgroup_v2) {
  name_network(request);
  forget_newer_members(request, v, cgroup_v2);
  if (request.host_config.mounts)
    for (const auto& mount : *request.host_config.mounts)
      if (auto checked = check_mount(mount, v); !checked)
        return checked.error();
  version_effects effects;
  effects.read_only_non_recursive = v < api_version{1, 44};
  if (effects.read_only_non_recursive)
    if (auto count = check_endpoint_count(request.networking_config); !count)
      return count.error();
  settle_meanings(request, v);
  if (auto warning = volume_driver_warning(request.host_config, v); !warning.empty())
    effects.warnings.push_back(std::move(warning));
  auto moved = move_mac_address(request, v);
  if (!moved)
    return moved.error();
  if (!moved->empty())
    effects.warnings.push_back(std::move(*moved));
  return effects;
}

} // namespace gantry::container
