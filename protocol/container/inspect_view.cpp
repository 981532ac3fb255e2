#include "protocol/container/inspect_view.hpp"

#include "protocol/container/descriptions.hpp"
#include "protocol/container/modes.hpp"

#include <algorithm>

namespace gantry::container {

namespace {

using detail::object_writer;
using detail::write;

void append_state(std::string& out, const state_view& state) {
  object_writer o{out};
  o.member("Status", to_string(state.status));
  o.member("Running", is_running(state.status));
  o.member("Paused", state.status == container_status::paused);
  o.member("Restarting", state.status == container_status::restarting);
  o.member("OOMKilled", state.oom_killed);
  o.member("Dead", state.status == container_status::dead);
  o.member("Pid", state.pid);
  o.member("ExitCode", state.exit_code);
  o.member("Error", state.error);
  o.member("StartedAt", oci::to_string(state.started_at));
  o.member("FinishedAt", oci::to_string(state.finished_at));
  if (state.health)
    write(o.key("Health"), *state.health);
}

void read_status(detail::decoder& d, const boost::json::value& v, container_status& out) {
  std::string text;
  d.read(v, text);
  if (d.failed())
    return;
  if (const auto status = parse_container_status(text))
    out = *status;
  else
    d.fail({errc::invalid_parameter, "invalid container status: " + text});
}

void append_host_config(std::string& out, const container_view& view) {
  if (view.host_config->links == view.links)
    return write(out, *view.host_config);
  auto shown = *view.host_config;
  shown.links = view.links;
  write(out, shown);
}

endpoint_map endpoints_of(const container_view& view, api::api_version v) {
  auto endpoints = view.network.networks;
  if (v >= api::api_version{1, 45})
    return endpoints;
  constexpr std::size_t short_id = 12;
  for (auto& [name, settings] : endpoints) {
    if (!is_user_network(name))
      continue;
    if (!settings.aliases)
      settings.aliases.emplace();
    for (const auto& alias : {view.id.substr(0, short_id), view.config->hostname}) {
      auto& all = *settings.aliases;
      if (std::find(all.begin(), all.end(), alias) == all.end())
        all.push_back(alias);
    }
  }
  return endpoints;
}

void append_network(std::string& out, const container_view& view, api::api_version v) {
  const auto& network = view.network;
  object_writer o{out};
  o.member("Bridge", std::string_view{});
  o.member("SandboxID", network.sandbox_id);
  o.member("SandboxKey", network.sandbox_key);
  write(o.key("Ports"), network.ports);
  o.member("HairpinMode", false);
  o.member("LinkLocalIPv6Address", std::string_view{});
  o.member("LinkLocalIPv6PrefixLen", std::int64_t{0});
  o.key("SecondaryIPAddresses") += "null";
  o.key("SecondaryIPv6Addresses") += "null";
  // What the container has on the default network, from when there was no other.
  const auto found = network.networks.find("bridge");
  const auto bridge = found == network.networks.end() ? endpoint_settings{} : found->second;
  o.member("EndpointID", bridge.endpoint_id);
  o.member("Gateway", bridge.gateway);
  o.member("GlobalIPv6Address", bridge.global_ipv6_address);
  o.member("GlobalIPv6PrefixLen", bridge.global_ipv6_prefix_len);
  o.member("IPAddress", bridge.ip_address);
  o.member("IPPrefixLen", bridge.ip_prefix_len);
  o.member("IPv6Gateway", bridge.ipv6_gateway);
  o.member("MacAddress", bridge.mac_address);
  write(o.key("Networks"), endpoints_of(view, v));
}

void append_graph_driver(std::string& out, const container_view& view) {
  object_writer o{out};
  o.member("Data", view.graph_data);
  o.member("Name", view.driver);
}

void append_identity(object_writer& o, const container_view& view) {
  o.member("Id", view.id);
  o.member("Created", oci::to_string(view.created));
  o.member("Path", view.path);
  o.member("Args", view.args);
  append_state(o.key("State"), view.state);
  o.member("Image", view.image_id);
  o.member("ResolvConfPath", view.resolv_conf_path);
  o.member("HostnamePath", view.hostname_path);
  o.member("HostsPath", view.hosts_path);
  o.member("LogPath", view.log_path);
  o.member("Name", view.name);
  o.member("RestartCount", view.restart_count);
  o.member("Driver", view.driver);
  o.member("Platform", view.platform);
  o.member("MountLabel", view.mount_label);
  o.member("ProcessLabel", view.process_label);
  o.member("AppArmorProfile", view.apparmor_profile);
  o.member("ExecIDs", view.exec_ids);
}

} // namespace

std::string write_inspect(const container_view& view, api::api_version v,
                          const std::optional<container_sizes>& sizes) {
  constexpr std::size_t usual_size = 8192;
  std::string out;
  out.reserve(usual_size);
  {
    object_writer o{out};
    append_identity(o, view);
    append_host_config(o.key("HostConfig"), view);
    append_graph_driver(o.key("GraphDriver"), view);
    if (sizes) {
      o.member("SizeRw", sizes->writable);
      o.member("SizeRootFs", sizes->root);
    }
    write(o.key("Mounts"), view.mounts);
    write(o.key("Config"), *view.config);
    append_network(o.key("NetworkSettings"), view, v);
  }
  detail::unescape_html(out);
  return out;
}

std::string write_state(const state_view& state) {
  std::string out;
  append_state(out, state);
  detail::unescape_html(out);
  return out;
}

result<state_view> parse_state(std::string_view json) {
  const auto value = oci::detail::parse_json(json);
  if (!value)
    return value.error();
  state_view state;
  detail::decoder d{"State"};
  d.object(*value, "container.State", [&](std::string_view name, const boost::json::value& member) {
    if (name == "status")
      read_status(d, member, state.status);
    else if (name == "oomkilled")
      detail::read(d, member, state.oom_killed);
    else if (name == "pid")
      detail::read(d, member, state.pid);
    else if (name == "exitcode")
      detail::read(d, member, state.exit_code);
    else if (name == "error")
      detail::read(d, member, state.error);
    else if (name == "startedat")
      detail::read(d, member, state.started_at);
    else if (name == "finishedat")
      detail::read(d, member, state.finished_at);
    else if (name == "health")
      detail::read(d, member, state.health);
  });
  if (d.failed())
    return d.error();
  return state;
}

} // namespace gantry::container
