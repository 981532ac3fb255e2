#include "protocol/container/create_checks.hpp"

#include "protocol/container/addresses.hpp"
#include "protocol/container/modes.hpp"
#include "protocol/container/mount_point.hpp"
#include "protocol/container/security_options.hpp"
#include "protocol/container/values.hpp"
#include "protocol/oci/changes.hpp"
#include "protocol/oci/json_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <utility>

namespace gantry::container {

namespace {

using detail::invalid;
using detail::is_empty;
using detail::items;

constexpr std::size_t longest_hostname = 64;          // HOST_NAME_MAX
constexpr std::int64_t shortest_interval = 1'000'000; // nanoseconds

std::string in_quotes(std::string_view text) { return '"' + std::string{text} + '"'; }

bool is_ip(const std::string& text) { return is_ipv4(text) || is_ipv6(text); }

std::string trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == text.npos)
    return {};
  return std::string{text.substr(first, text.find_last_not_of(blanks) - first + 1)};
}

// The ports of `80`, `80/udp`, `80-82/tcp`; nothing if it is none of these.
std::vector<std::string> ports_of(const std::string& text) {
  if (text.find(':') != text.npos)
    return {};
  auto ports = oci::exposed_ports(text);
  return ports ? std::move(*ports) : std::vector<std::string>{};
}

api_error invalid_port(std::string_view text) {
  return invalid("invalid port specification: " + in_quotes(text));
}

// --- what excludes each other ---

result<void> check_shared_network(const create_request& request) {
  const auto& host = request.host_config;
  const auto donor = container_of_mode(host.network_mode);
  if (!donor && host.network_mode != "container")
    return {};
  if (!donor || donor->empty())
    return invalid("invalid network mode: invalid container format container:<name|id>");
  if (!request.config.hostname.empty())
    return invalid("conflicting options: hostname and the network mode");
  if (!is_empty(host.links))
    return invalid("conflicting options: container type network can't be used with links. This "
                   "would result in undefined behavior");
  if (!is_empty(host.dns))
    return invalid("conflicting options: dns and the network mode");
  if (!is_empty(host.extra_hosts))
    return invalid("conflicting options: custom host-to-IP mapping and the network mode");
  if (!is_empty(host.port_bindings) || host.publish_all_ports)
    return invalid("conflicting options: port publishing and the container type network mode");
  if (!is_empty(request.config.exposed_ports))
    return invalid("conflicting options: port exposing and the container type network mode");
  return {};
}

result<void> check_realtime(const container_resources& r, const host_abilities& host) {
  if ((r.cpu_realtime_period != 0 || r.cpu_realtime_runtime != 0) && !host.cpu_realtime)
    return invalid("kernel does not support CPU real-time scheduler");
  if (r.cpu_realtime_period != 0 && r.cpu_realtime_runtime > r.cpu_realtime_period)
    return invalid("cpu real-time runtime cannot be higher than cpu real-time period");
  return check_cpu_shares(r);
}

// --- Config ---

result<void> check_health(const oci::healthcheck& check) {
  struct named_time {
    const char* name;
    std::int64_t value;
  };
  for (auto [name, value] : {named_time{"Interval", check.interval}, {"Timeout", check.timeout}})
    if (value != 0 && value < shortest_interval)
      return invalid(std::string{name} + " in Healthcheck cannot be less than 1ms");
  if (check.retries < 0)
    return invalid("Retries in Healthcheck cannot be negative");
  for (auto [name, value] :
       {named_time{"StartPeriod", check.start_period}, {"StartInterval", check.start_interval}})
    if (value != 0 && value < shortest_interval)
      return invalid(std::string{name} + " in Healthcheck cannot be less than 1ms");
  return {};
}

// --- HostConfig ---

result<void> check_extra_hosts(const string_list& hosts) {
  if (!hosts)
    return {};
  for (const auto& host : *hosts) {
    const auto colon = host.find(':');
    if (colon == host.npos || colon == 0)
      return invalid("bad format for add-host: " + in_quotes(host));
    const auto address = host.substr(colon + 1);
    if (address != "host-gateway" && !is_ip(trimmed(address)))
      return invalid("invalid IP address in add-host: " + in_quotes(address));
  }
  return {};
}

result<void> check_port_bindings(const port_map& ports) {
  for (const auto& [port, bindings] : ports) {
    const auto found = ports_of(port);
    if (found.size() != 1 || found.front().starts_with("0/")) {
      const auto number = port.substr(0, port.find('/'));
      const bool wrong_protocol = found.empty() && ports_of(number).size() == 1;
      return invalid_port(wrong_protocol ? port : number);
    }
    if (!bindings)
      continue;
    for (const auto& binding : *bindings) {
      if (!binding.host_port.empty() && ports_of(binding.host_port).empty())
        return invalid_port(binding.host_port);
      if (!binding.host_ip.empty() && !is_ip(binding.host_ip))
        return invalid("invalid host IP address: " + in_quotes(binding.host_ip));
    }
  }
  return {};
}

result<void> check_capabilities(const host_config& config, const host_abilities& host) {
  capability_request request;
  request.add = items(config.cap_add);
  request.drop = items(config.cap_drop);
  if (auto held = container_capabilities(request, host.capabilities); !held)
    return held.error();
  return {};
}

result<void> check_common(const host_config& config, const host_abilities& host,
                          const path_probe& probe) {
  const auto& policy = config.restart_policy;
  if (config.auto_remove && !policy.name.empty() && policy.name != "no")
    return invalid("can't create 'AutoRemove' container with restart policy");
  if (config.mounts)
    for (const auto& mount : *config.mounts)
      if (auto parsed = parse_mount(mount, probe); !parsed)
        return parsed.error();
  if (auto hosts = check_extra_hosts(config.extra_hosts); !hosts)
    return hosts;
  if (config.port_bindings)
    if (auto ports = check_port_bindings(*config.port_bindings); !ports)
      return ports;
  if (auto restart = check_restart_policy(policy); !restart)
    return restart;
  if (auto capabilities = check_capabilities(config, host); !capabilities)
    return capabilities;
  if (config.annotations && config.annotations->contains(""))
    return invalid("invalid Annotations: the empty string is not permitted as an annotation key");
  return {};
}

bool is_one_of(std::string_view mode, std::initializer_list<std::string_view> modes) {
  return std::find(modes.begin(), modes.end(), mode) != modes.end();
}

result<void> check_modes(const host_config& config) {
  if (!is_one_of(config.ipc_mode, {"", "none", "private", "host", "shareable"}) &&
      !container_of_mode(config.ipc_mode))
    return invalid("invalid IPC mode: " + config.ipc_mode);
  const auto pid_donor = container_of_mode(config.pid_mode);
  if (!is_one_of(config.pid_mode, {"", "host"}) && (!pid_donor || pid_donor->empty()))
    return invalid("invalid PID mode: " + config.pid_mode);
  if (config.shm_size < 0)
    return invalid("SHM size can not be less than 0");
  if (!is_one_of(config.uts_mode, {"", "host"}))
    return invalid("invalid UTS mode: " + config.uts_mode);
  if (!is_one_of(config.userns_mode, {"", "host"}))
    return invalid("invalid user namespace mode: " + config.userns_mode);
  constexpr std::int64_t widest_score = 1000;
  if (config.oom_score_adj < -widest_score || config.oom_score_adj > widest_score)
    return invalid("Invalid value " + std::to_string(config.oom_score_adj) +
                   ", range for oom score adj is [-1000, 1000]");
  return {};
}

void warn_of_network(host_config& config, const host_abilities& host,
                     const create_settings& settings, warning_list& warnings) {
  const auto& mode = config.network_mode;
  const bool has_ports = !is_empty(config.port_bindings);
  if (mode == "host" && has_ports)
    warnings.emplace_back("Published ports are discarded when using host network mode");
  if (mode == "host" || mode == "none")
    return;
  if (settings.networks) {
    if (!host.ipv4_forwarding)
      warnings.emplace_back("IPv4 forwarding is disabled. Networking will not work.");
    return;
  }
  if (container_of_mode(mode))
    return;
  warnings.push_back("Network " + in_quotes(mode) +
                     " is not available yet: the container has a network of its own with only the "
                     "loopback interface.");
  if (has_ports || config.publish_all_ports)
    warnings.emplace_back("Published ports are discarded without a network.");
}

result<void> check_runtime(host_config& config, const create_settings& settings) {
  constexpr std::string_view slice = ".slice";
  const auto& parent = config.resources.cgroup_parent;
  if (!parent.empty() && settings.systemd_cgroups &&
      (parent.size() <= slice.size() || !parent.ends_with(slice)))
    return invalid("cgroup-parent for systemd cgroup should be a valid slice named as "
                   "\"xxx.slice\"");
  if (config.runtime.empty())
    config.runtime = settings.default_runtime;
  if (!settings.runtimes.contains(config.runtime))
    return invalid("unknown or invalid runtime name: " + config.runtime);
  return {};
}

// As overlayfs has it on a file system without quotas.
result<void> check_storage(const nullable_map& options) {
  if (is_empty(options))
    return {};
  if (options->contains("size"))
    return api_error{errc::system, "--storage-opt is supported only for overlay over xfs with "
                                   "'pquota' mount option"};
  return invalid("Unknown option " + options->begin()->first);
}

// What Docker takes and passes over in silence.
void warn_of_ignored(const host_config& config, warning_list& warnings) {
  if (!config.cgroup.empty())
    warnings.emplace_back("Cgroup of another container is not supported. Setting discarded.");
}

void warn_of_confinement(const security_options& asked, const host_abilities& host,
                         warning_list& warnings) {
  const auto profile = asked.apparmor.value_or("");
  if (!host.apparmor && !is_one_of(profile, {"", "unconfined"}))
    warnings.emplace_back("Your kernel does not support AppArmor. Profile " + in_quotes(profile) +
                          " discarded.");
  for (const auto& label : asked.labels)
    if (label != "disable")
      warnings.emplace_back("Labels of SELinux are not supported. Label " + in_quotes(label) +
                            " discarded.");
}

} // namespace

result<void> check_conflicts(const create_request& request, const host_abilities& host) {
  if (auto network = check_shared_network(request); !network)
    return network;
  const auto& config = request.host_config;
  if (config.uts_mode == "host" && !request.config.hostname.empty())
    return invalid("conflicting options: hostname and the UTS mode");
  if (config.network_mode == "host" && !is_empty(config.links))
    return invalid("conflicting options: host type networking can't be used with links. This would "
                   "result in undefined behavior");
  const auto isolation = oci::detail::lower_case(config.isolation);
  if (!isolation.empty() && isolation != "default")
    return invalid("invalid isolation (" + config.isolation + "): linux only supports 'default'");
  if (config.resources.io_maximum_bandwidth != 0)
    return invalid("invalid option: QoS maximum bandwidth configuration is not supported on linux");
  if (config.resources.io_maximum_iops != 0)
    return invalid("invalid option: QoS maximum IOPs configuration is not supported on linux");
  return check_realtime(config.resources, host);
}

result<void> check_config(container_config& config) {
  if (!config.working_dir.empty()) {
    if (config.working_dir.front() != '/')
      return invalid("the working directory '" + config.working_dir +
                     "' is invalid, it needs to be an absolute path");
    config.working_dir = clean_path(config.working_dir);
  }
  if (!config.stop_signal.empty() && !oci::is_signal(config.stop_signal))
    return invalid("invalid signal: " + config.stop_signal);
  if (config.env)
    for (const auto& variable : *config.env)
      if (variable.empty() || variable.front() == '=')
        return invalid("invalid environment variable: " + variable);
  if (config.healthcheck)
    if (auto health = check_health(*config.healthcheck); !health)
      return health;
  if (config.exposed_ports)
    for (const auto& port : *config.exposed_ports)
      if (ports_of(port).empty())
        return invalid_port(port);
  if (config.hostname.size() > longest_hostname)
    return invalid("hostname " + in_quotes(config.hostname) + " is too long (maximum 64 bytes)");
  return {};
}

result<void> check_cpu_shares(const container_resources& resources) {
  if (resources.cpu_shares >= 0)
    return {};
  return invalid("invalid CPU shares (" + std::to_string(resources.cpu_shares) +
                 "): value must be a positive integer");
}

result<void> check_restart_policy(const restart_policy& policy) {
  const auto count = policy.maximum_retry_count;
  if (is_one_of(policy.name, {"always", "unless-stopped", "no"})) {
    if (count == 0)
      return {};
    return invalid(std::string{"invalid restart policy: maximum retry count can only be used with "
                               "'on-failure'"} +
                   (count < 0 ? " and cannot be negative" : ""));
  }
  if (policy.name == "on-failure") {
    if (count < 0)
      return invalid("invalid restart policy: maximum retry count cannot be negative");
    return {};
  }
  if (policy.name.empty())
    return {};
  return invalid("invalid restart policy: unknown policy '" + policy.name +
                 "'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'");
}

result<void> check_host_config(host_config& config, const host_abilities& host,
                               const create_settings& settings, const path_probe& probe,
                               warning_list& warnings) {
  if (auto common = check_common(config, host, probe); !common)
    return common;
  if (auto resources = check_resources(config.resources, host, false, warnings); !resources)
    return resources;
  if (auto modes = check_modes(config); !modes)
    return modes;
  warn_of_network(config, host, settings, warnings);
  if (auto runtime = check_runtime(config, settings); !runtime)
    return runtime;
  if (config.tmpfs)
    for (const auto& [target, options] : *config.tmpfs)
      if (auto checked = check_tmpfs_target(target); !checked)
        return checked;
  if (!is_one_of(config.cgroupns_mode, {"", "private", "host"}))
    return invalid("invalid cgroup namespace mode: " + config.cgroupns_mode);
  if (config.cgroupns_mode == "private" && !host.cgroup_namespaces) {
    warnings.emplace_back("Your kernel does not support cgroup namespaces.  Cgroup namespace "
                          "setting discarded.");
    config.cgroupns_mode = "host";
  }
  const auto security = parse_security_options(config.security_opt);
  if (!security)
    return security.error();
  warn_of_confinement(*security, host, warnings);
  if (auto storage = check_storage(config.storage_opt); !storage)
    return storage;
  warn_of_ignored(config, warnings);
  return {};
}

} // namespace gantry::container
