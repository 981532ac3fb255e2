#include "protocol/container/list_view.hpp"

#include "protocol/container/descriptions.hpp"
#include "protocol/container/merge.hpp"

#include <charconv>

namespace gantry::container {

namespace {

using detail::object_writer;

std::uint16_t to_port(std::string_view text) noexcept {
  std::uint16_t port = 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  return port;
}

void append_ports(std::string& out, const port_map& ports) {
  detail::write_list(out, listed_ports(ports), [&out](const listed_port& port) {
    object_writer o{out};
    o.member_if_set("IP", port.ip);
    o.member("PrivatePort", std::int64_t{port.private_port});
    o.member_if_set("PublicPort", std::int64_t{port.public_port});
    o.member("Type", port.type);
  });
}

// Lists show where a container is, not what was asked for.
endpoint_map shown_endpoints(const endpoint_map& endpoints) {
  auto shown = endpoints;
  for (auto& [name, settings] : shown) {
    settings.links.reset();
    settings.aliases.reset();
    settings.driver_opts.reset();
    settings.dns_names.reset();
    if (settings.ipam_config)
      settings.ipam_config->link_local_ips.clear();
  }
  return shown;
}

std::vector<std::string> names_of(const container_view& view) {
  std::vector<std::string> names;
  if (!view.name.empty())
    names.push_back(view.name);
  names.insert(names.end(), view.other_names.begin(), view.other_names.end());
  return names;
}

// The members without the braces.
template <class F>
std::string members(F&& write_members) {
  std::string out;
  {
    object_writer o{out};
    write_members(o);
  }
  detail::unescape_html(out);
  return out.substr(1, out.size() - 2);
}

} // namespace

std::vector<listed_port> listed_ports(const port_map& ports) {
  std::vector<listed_port> listed;
  for (const auto& [name, bindings] : ports) {
    const auto slash = name.find('/');
    listed_port port;
    port.private_port = to_port(std::string_view{name}.substr(0, slash));
    port.type = slash == name.npos ? "tcp" : name.substr(slash + 1);
    if (!bindings || bindings->empty()) {
      listed.push_back(port);
      continue;
    }
    for (const auto& binding : *bindings) {
      port.ip = binding.host_ip;
      port.public_port = to_port(binding.host_port);
      listed.push_back(port);
    }
  }
  return listed;
}

list_entry::list_entry(const container_view& view) : state_{view.state} {
  if (state_.health)
    state_.health->log.clear();
  identity_ = "{" + members([&view](object_writer& o) {
                o.member("Id", view.id);
                o.member("Names", names_of(view));
              });
  identity_ += ",\"Image\":";
  middle_ = "," + members([&view](object_writer& o) {
              o.member("ImageID", view.image_id);
              o.member("Command", shown_command({view.path, view.args}));
              o.member("Created", view.created.seconds);
              append_ports(o.key("Ports"), view.network.ports);
            });
  labels_ = "," + members([&view](object_writer& o) {
              o.member("Labels", view.config->labels);
              o.member("State", to_string(view.state.status));
            });
  labels_ += ",\"Status\":";
  const auto& host = *view.host_config;
  host_ = ",\"HostConfig\":{" +
          members([&host](object_writer& o) { o.member_if_set("NetworkMode", host.network_mode); });
  if (host.annotations && !host.annotations->empty())
    annotations_ = (host.network_mode.empty() ? "" : ",") + members([&host](object_writer& o) {
                     o.member("Annotations", host.annotations);
                   });
  networks_ = "}," + members([&view](object_writer& o) {
                {
                  object_writer settings{o.key("NetworkSettings")};
                  detail::write(settings.key("Networks"), shown_endpoints(view.network.networks));
                }
                detail::write(o.key("Mounts"), view.mounts);
              });
  networks_ += '}';
}

void list_entry::append(std::string& out, std::string_view image, const oci::instant& now,
                        api::api_version v, const std::optional<container_sizes>& sizes) const {
  out += identity_;
  oci::detail::append(out, image); // NOTE: a reference has none of `<>&`
  out += middle_;
  if (sizes && sizes->writable != 0)
    out.append(",\"SizeRw\":").append(std::to_string(sizes->writable));
  if (sizes && sizes->root != 0)
    out.append(",\"SizeRootFs\":").append(std::to_string(sizes->root));
  out += labels_;
  oci::detail::append(out, std::string_view{human_status(state_, now)});
  out += host_;
  if (v >= api::api_version{1, 46})
    out += annotations_;
  out += networks_;
}

} // namespace gantry::container
