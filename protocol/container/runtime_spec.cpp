#include "protocol/container/runtime_spec.hpp"

#include "protocol/container/modes.hpp"
#include "protocol/container/mount_point.hpp"
#include "protocol/container/mounts.hpp"
#include "protocol/container/oci_spec.hpp"
#include "protocol/container/process_spec.hpp"
#include "protocol/container/resources.hpp"
#include "protocol/container/seccomp.hpp"
#include "protocol/container/security_options.hpp"
#include "protocol/container/values.hpp"

#include <algorithm>
#include <utility>

namespace gantry::container {
namespace {

using detail::invalid;
using detail::items;

using detail::object_writer;

constexpr std::string_view oci_version = "1.0.2";

bool has_own_network(const host_config& host) {
  return host.network_mode != "host" && !container_of_mode(host.network_mode);
}

// NOTE: where dockerd names the path of the host's network namespace, the spec has no entry: the
// runtime is in that namespace already.
std::vector<oci_spec::namespace_entry> namespaces(const host_config& host,
                                                  const namespace_paths& paths) {
  std::vector<oci_spec::namespace_entry> out{{"mount", {}}};
  if (host.network_mode != "host")
    out.push_back({"network", paths.network});
  if (host.uts_mode != "host")
    out.push_back({"uts", {}});
  if (host.pid_mode != "host")
    out.push_back({"pid", paths.pid});
  if (host.ipc_mode != "host")
    out.push_back({"ipc", paths.ipc});
  if (host.cgroupns_mode == "private")
    out.push_back({"cgroup", {}});
  return out;
}

string_map sysctls(const spec_input& in) {
  string_map out;
  if (has_own_network(in.host)) {
    if (in.daemon.unprivileged_port_start)
      out["net.ipv4.ip_unprivileged_port_start"] = "0";
    if (in.daemon.ping_group_range)
      out["net.ipv4.ping_group_range"] = "0 2147483647";
  }
  if (!in.config.domainname.empty() && in.host.uts_mode != "host")
    out["kernel.domainname"] = in.config.domainname;
  for (const auto& [name, value] : items(in.host.sysctls))
    out[name] = value;
  return out;
}

std::vector<oci_spec::device> devices(const host_config& host, const spec_facts& facts) {
  std::vector<oci_spec::device> out;
  const auto add = [&](const device_node& node) {
    const bool there = std::any_of(out.begin(), out.end(),
                                   [&](const auto& made) { return made.path == node.path; });
    if (!there)
      out.push_back({node.path, std::string{node.type}, node.number.major, node.number.minor,
                     node.mode, node.uid, node.gid});
  };
  if (host.privileged)
    std::for_each(facts.host_devices.begin(), facts.host_devices.end(), add);
  std::for_each(facts.devices.begin(), facts.devices.end(), add);
  return out;
}

// The filter of system calls as JSON; empty: none.
result<std::string> seccomp(const spec_input& in, const security_options& options,
                            capability_set capabilities) {
  // Who asks for a filter gets it; the daemon's is not for the privileged.
  std::string profile = options.seccomp.value_or("");
  const bool asked = !profile.empty() && profile != "unconfined";
  if (profile.empty())
    profile = in.host.privileged ? "unconfined" : in.daemon.seccomp_profile;
  if (profile == "unconfined")
    return std::string{};
  const bool builtin = profile.empty() || profile == "builtin";
  if (!in.daemon.seccomp) {
    if (asked && !builtin)
      return invalid("seccomp is not enabled in your kernel, cannot run a custom seccomp profile");
    return std::string{};
  }

  const seccomp_target target{capabilities, in.daemon.architecture, in.daemon.kernel,
                              in.daemon.absent_architectures};
  if (builtin)
    return seccomp_json(default_seccomp_profile(), target);
  const auto parsed = parse_seccomp_profile(profile);
  if (!parsed)
    return parsed.error();
  return seccomp_json(*parsed, target);
}

void write_linux(std::string& out, const spec_input& in, const std::string& resources,
                 const std::string& seccomp_filter, const std::string& propagation) {
  const auto& host = in.host;
  object_writer o{out};
  o.member_if_set("sysctl", sysctls(in));
  o.key("resources") += resources;
  o.member_if_set("cgroupsPath", in.facts.cgroups_path);
  detail::write(o.key("namespaces"), namespaces(host, in.facts.namespaces));
  if (const auto nodes = devices(host, in.facts); !nodes.empty())
    detail::write(o.key("devices"), nodes);
  if (!seccomp_filter.empty())
    o.key("seccomp") += seccomp_filter;
  o.member_if_set("rootfsPropagation", propagation);
  if (!host.privileged) {
    o.member_if_set("maskedPaths", host.masked_paths
                                       ? *host.masked_paths
                                       : default_masked_paths(in.daemon.thermal_throttle_paths));
    o.member_if_set("readonlyPaths", host.readonly_paths.value_or(default_readonly_paths()));
  }
}

result<std::string> build(const spec_input& in) {
  const auto& [config, host, daemon, facts] = in;
  const auto options = parse_security_options(host.security_opt);
  if (!options)
    return options.error();
  const auto process = container_process(config, host, daemon, facts);
  if (!process)
    return process.error();
  const auto mounts =
      container_mounts(host, facts, options->writable_cgroups.value_or(host.privileged));
  if (!mounts)
    return mounts.error();
  const auto propagation = rootfs_propagation(facts.mounts);
  if (!propagation)
    return propagation.error();
  const auto resources = resources_json(host, daemon, facts);
  if (!resources)
    return resources.error();
  const auto filter = seccomp(in, *options, process->capabilities);
  if (!filter)
    return filter.error();

  std::string out;
  { // complete when the writer is gone
    object_writer o{out};
    o.member("ociVersion", oci_version);
    o.key("process") += to_json(*process);
    detail::write(o.key("root"), oci_spec::root{facts.rootfs, host.readonly_rootfs});
    if (host.uts_mode != "host")
      o.member_if_set("hostname", facts.hostname);
    detail::write(o.key("mounts"), *mounts);
    o.member_if_set("annotations", items(host.annotations));
    write_linux(o.key("linux"), in, *resources, *filter, *propagation);
  }
  return out;
}

} // namespace

std::vector<std::string> default_masked_paths(const std::vector<std::string>& thermal_throttle) {
  std::vector<std::string> out{
      "/proc/asound",     "/proc/acpi",        "/proc/interrupts",
      "/proc/kcore",      "/proc/keys",        "/proc/latency_stats",
      "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
      "/proc/scsi",       "/sys/firmware",     "/sys/devices/virtual/powercap"};
  out.insert(out.end(), thermal_throttle.begin(), thermal_throttle.end());
  return out;
}

const std::vector<std::string>& default_readonly_paths() {
  static const std::vector<std::string> paths{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                              "/proc/sysrq-trigger"};
  return paths;
}

std::string container_cgroups_path(std::string_view parent, std::string_view id, bool systemd) {
  std::string out{parent};
  if (systemd) {
    if (out.empty())
      out = "system.slice";
    return out.append(":docker:").append(id);
  }
  if (out.empty())
    out = "/docker";
  return clean_path(out.append("/").append(id));
}

result<std::string> build_runtime_spec(const spec_input& in) {
  auto spec = build(in);
  if (!spec)
    return api_error{errc::system, spec.error().message};
  return spec;
}

} // namespace gantry::container
