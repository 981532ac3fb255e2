#include "actors/containers/network_files.hpp"

#include "actors/host/tree_reader.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gantry::containers {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> usual_hosts{{
    {"127.0.0.1", "localhost"},
    {"::1", "localhost ip6-localhost ip6-loopback"},
    {"fe00::0", "ip6-localnet"},
    {"ff00::0", "ip6-mcastprefix"},
    {"ff02::1", "ip6-allnodes"},
    {"ff02::2", "ip6-allrouters"},
}};

constexpr std::array<std::string_view, 2> public_servers{"8.8.8.8", "8.8.4.4"};
constexpr std::array<std::string_view, 2> public_ipv6_servers{"2001:4860:4860::8888",
                                                              "2001:4860:4860::8844"};

void append_line(std::string& out, std::string_view address, std::string_view names) {
  out.append(address).append("\t").append(names).append("\n");
}

/// The name in full and the one without its domain.
std::string own_names(std::string_view hostname, std::string_view domainname) {
  std::string name{hostname};
  if (!domainname.empty())
    name.append(".").append(domainname);
  if (const auto dot = name.find('.'); dot != name.npos)
    return name + ' ' + name.substr(0, dot);
  return name;
}

// --- resolv.conf(5) ---------------------------------------------------------------------------

/// A line's keyword and what comes after it; comments have no keyword.
std::pair<std::string_view, std::string_view> split_line(std::string_view line) {
  line = host::trim_blanks(line.substr(0, line.find_first_of("#;")));
  const auto end = std::min(line.find_first_of(" \t"), line.size());
  return {line.substr(0, end), host::trim_blanks(line.substr(end))};
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(" \t"), text.size());
    out.emplace_back(text.substr(0, end));
    text = host::trim_blanks(text.substr(end));
  }
  return out;
}

dns_settings parse_resolv_conf(std::string_view text) {
  dns_settings out;
  while (!text.empty()) {
    const auto [key, value] = split_line(host::next_line(text));
    if (key == "nameserver" && !value.empty())
      out.servers.push_back(words_of(value).front());
    else if (key == "search") // the last counts
      out.search = words_of(value);
    else if (key == "options")
      out.options = words_of(value);
  }
  return out;
}

std::string joined(std::string_view key, const std::vector<std::string>& words) {
  std::string out{key};
  for (const auto& word : words)
    out.append(" ").append(word);
  return out.append("\n");
}

std::string write_resolv_conf(const dns_settings& settings) {
  std::string out;
  // `--dns-search .`: none, not even the host's
  if (!settings.search.empty() && settings.search != std::vector<std::string>{"."})
    out += joined("search", settings.search);
  for (const auto& server : settings.servers)
    out += "nameserver " + server + '\n';
  if (!settings.options.empty())
    out += joined("options", settings.options);
  return out;
}

bool can_reach(std::string_view server, bool ipv6) {
  if (server.starts_with("127.") || server == "::1")
    return false;
  return ipv6 || server.find(':') == server.npos;
}

std::string without_unreachable(std::string_view text, bool ipv6) {
  std::string out;
  bool any = false;
  while (!text.empty()) {
    const auto line = host::next_line(text);
    const auto [key, value] = split_line(line);
    if (key == "nameserver" && !value.empty()) {
      if (!can_reach(words_of(value).front(), ipv6))
        continue;
      any = true;
    }
    out.append(line).append("\n");
  }
  if (any)
    return out;
  for (const auto server : public_servers)
    out.append("nameserver ").append(server).append("\n");
  if (ipv6)
    for (const auto server : public_ipv6_servers)
      out.append("nameserver ").append(server).append("\n");
  return out;
}

} // namespace

result<std::vector<host_entry>> parse_extra_hosts(const std::vector<std::string>& hosts,
                                                  const std::string& gateway) {
  std::vector<host_entry> out;
  for (const auto& text : hosts) {
    const auto colon = text.find(':'); // an address may have more of them
    auto address = colon == text.npos ? std::string{} : text.substr(colon + 1);
    if (address == "host-gateway") {
      if (gateway.empty())
        return api_error{errc::invalid_parameter, "unable to derive the IP value for host-gateway"};
      address = gateway;
    }
    out.push_back({std::move(address), text.substr(0, colon)});
  }
  return out;
}

std::string hosts_text(const std::vector<host_entry>& extra,
                       const std::vector<std::string>& addresses, std::string_view hostname,
                       std::string_view domainname) {
  std::string out;
  for (const auto& [address, names] : usual_hosts)
    append_line(out, address, names);
  for (const auto& [address, names] : extra)
    append_line(out, address, names);
  for (const auto& address : addresses)
    append_line(out, address, own_names(hostname, domainname));
  return out;
}

std::string resolv_conf_text(std::string_view host, const dns_settings& set, bool ipv6) {
  if (set.empty())
    return without_unreachable(host, ipv6);
  auto settings = parse_resolv_conf(host);
  if (!set.servers.empty())
    settings.servers = set.servers;
  if (!set.search.empty())
    settings.search = set.search;
  if (!set.options.empty())
    settings.options = set.options;
  return write_resolv_conf(settings);
}

std::string host_resolv_conf(const std::string& root) {
  auto text = host::read_text(host::below(root, "etc/resolv.conf"));
  // systemd-resolved's server, which answers on this machine only.
  if (parse_resolv_conf(text).servers == std::vector<std::string>{"127.0.0.53"})
    if (auto known = host::read_text(host::below(root, "run/systemd/resolve/resolv.conf"));
        !known.empty())
      return known;
  return text;
}

} // namespace gantry::containers
