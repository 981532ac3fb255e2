#include "protocol/container/create.hpp"

#include "protocol/container/create_request.hpp"
#include "protocol/container/links.hpp"
#include "protocol/container/log_options.hpp"
#include "protocol/container/modes.hpp"
#include "protocol/container/runtime_spec.hpp"

#include <algorithm>
#include <utility>

namespace gantry::container {

namespace {

void append(warning_list& warnings, warning_list more) {
  for (auto& warning : more)
    warnings.push_back(std::move(warning));
}

// A container whose network is shared may come into being later.
result<void> use_ids(host_config& config, const container_lookup& lookup) {
  for (auto* mode : {&config.pid_mode, &config.ipc_mode, &config.network_mode}) {
    const auto donor = container_of_mode(*mode);
    if (!donor || donor->empty())
      continue;
    if (const auto id = lookup(*donor))
      *mode = "container:" + *id;
    else if (mode != &config.network_mode)
      return api_error{errc::invalid_parameter, "No such container: " + std::string{*donor}};
  }
  return {};
}

// Those that have no network to be in are told so.
result<void> use_links(prepared_create& create, const create_settings& settings,
                       const container_lookup& lookup) {
  auto& config = create.request.host_config;
  if (is_user_network(config.network_mode))
    return {};
  if (auto good = check_links(config.links, lookup); !good)
    return good;
  const auto& mode = config.network_mode;
  if (!config.links || config.links->empty() || settings.networks || mode == "none")
    return {};
  create.warnings.emplace_back("Links are discarded without a network.");
  config.links.reset();
  return {};
}

// NOTE: shown by inspect, and without effect where there is no SELinux.
void disable_labels(host_config& config) {
  const bool sees_host =
      config.ipc_mode == "host" || config.pid_mode == "host" || config.privileged;
  auto is_label = [](const std::string& option) {
    return option == "label" || option.starts_with("label=");
  };
  auto& options = config.security_opt;
  if (!sees_host || (options && std::any_of(options->begin(), options->end(), is_label)))
    return;
  if (!options)
    options.emplace();
  options->emplace_back("label=disable");
}

std::string default_cgroupns_mode(const host_config& config, const host_abilities& host,
                                  const create_settings& settings) {
  // NOTE: under version 1 a privileged container is to see the host's cgroups.
  if (!host.cgroup_namespaces || (config.privileged && !host.cgroup_v2))
    return "host";
  if (!settings.cgroupns_mode.empty())
    return settings.cgroupns_mode;
  return host.cgroup_v2 ? "private" : "host";
}

void fill_defaults(host_config& config, const host_abilities& host,
                   const create_settings& settings) {
  auto& r = config.resources;
  if (r.memory > 0 && r.memory_swap == 0)
    r.memory_swap = r.memory * 2;
  if (config.shm_size == 0)
    config.shm_size = settings.shm_size;
  if (config.ipc_mode.empty())
    config.ipc_mode = settings.ipc_mode;
  if (config.cgroupns_mode.empty())
    config.cgroupns_mode = default_cgroupns_mode(config, host, settings);
  disable_labels(config);
  if (!r.oom_kill_disable && host.oom_kill_disable)
    r.oom_kill_disable = false;
  if (config.privileged)
    return;
  if (!config.masked_paths)
    config.masked_paths = default_masked_paths(settings.thermal_throttle_paths);
  if (!config.readonly_paths)
    config.readonly_paths = default_readonly_paths();
}

} // namespace

result<prepared_create> prepare_create(std::string_view body, api::api_version v,
                                       const host_abilities& host, const create_settings& settings,
                                       const path_probe& probe) {
  auto request = parse_create_request(body);
  if (!request)
    return request.error();
  prepared_create create;
  create.request = std::move(*request);
  auto& config = create.request.config;
  if (auto conflicts = check_conflicts(create.request, host); !conflicts)
    return conflicts.error();
  auto effects = adapt_to_version(create.request, v, host.cgroup_v2);
  if (!effects)
    return effects.error();
  create.read_only_non_recursive = effects->read_only_non_recursive;
  if (auto checked = check_config(config); !checked)
    return checked.error();
  if (auto checked =
          check_host_config(create.request.host_config, host, settings, probe, create.warnings);
      !checked)
    return checked.error();
  append(create.warnings, std::move(effects->warnings));
  return create;
}

result<command_line> complete_create(prepared_create& create, const container_config* image,
                                     const host_abilities& host, const create_settings& settings,
                                     const container_lookup& lookup) {
  auto& config = create.request.config;
  auto& host_config = create.request.host_config;
  if (auto networks = check_networks(create.request.networking_config); !networks)
    return networks.error();
  fill_defaults(host_config, host, settings);
  if (auto ids = use_ids(host_config, lookup); !ids)
    return ids.error();
  if (auto linked = use_links(create, settings, lookup); !linked)
    return linked.error();
  if (image)
    merge_image_config(config, *image);
  else if (!config.volumes)
    config.volumes.emplace(); // shown as `{}`
  auto command = resolve_command(config);
  if (!command)
    return command;
  merge_log_config(host_config.log_config, settings.default_log);
  if (auto log = check_log_config(host_config.log_config, settings.log_drivers); !log)
    return log.error();
  return command;
}

void name_host(container_config& config, const host_config& host, std::string_view id,
               const create_settings& settings) {
  constexpr std::size_t short_id = 12;
  if (config.hostname.empty())
    config.hostname = host.network_mode == "host" ? settings.hostname : id.substr(0, short_id);
}

} // namespace gantry::container
