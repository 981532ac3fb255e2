#include "app/option_table.hpp"

#include "protocol/text.hpp"

#include <algorithm>
#include <array>

namespace gantry::app {
namespace {

constexpr auto later = effect::restart;
constexpr auto live = effect::reload;

constexpr std::string_view process = "The daemon";
constexpr std::string_view listening = "Listening";
constexpr std::string_view containers = "Containers";
constexpr std::string_view images = "Storage and registries";
constexpr std::string_view networks = "Networks";

const auto& table() {
  using s = settings;
  static const std::array entries = std::to_array<option_spec>({
      // The daemon.
      {"data-root", 'g', "data-root", &s::data_root, later, process, "PATH",
       "Directory of everything that must last (also --graph; default /var/lib/gantry)",
       check_not_empty},
      {"exec-root", 0, "exec-root", &s::exec_root, later, process, "PATH",
       "Directory of what lasts until the next boot (default /var/run/gantry)", check_not_empty},
      {"pidfile", 'p', "pidfile", &s::pidfile, later, process, "PATH",
       "File for the process id; empty for none (default /var/run/gantry.pid)"},
      {"debug", 'D', "debug", &s::debug, live, process, "",
       "Log everything; set at the start, also serve the debug routes and sample the heap"},
      {"log-level", 'l', "log-level", &s::log_level, live, process, "LEVEL",
       "Least level to log: debug, info, warn, error, fatal (default info)"},
      {"log-format", 0, "log-format", &s::format, later, process, "FORMAT",
       "Form of the log: text or json (default text)"},
      {"shutdown-timeout", 0, "shutdown-timeout", &s::shutdown_timeout, live, process, "SECONDS",
       "How long containers may take to stop when the daemon ends; -1 for ever (default 15)",
       nullptr, -1, 86400},
      {"live-restore", 0, "live-restore", &s::live_restore, live, process, "",
       "Leave containers running when the daemon ends"},
      {"io-threads", 0, "io-threads", &s::io_threads, later, process, "N",
       "Threads that run actors; 0 is one for each processor (default 0)", nullptr, 0, 1024},
      {"oom-score-adjust", 0, "oom-score-adjust", &s::oom_score_adjust, later, process, "N",
       "How likely the kernel is to kill the daemon when memory is short: -1000 to 1000 "
       "(default 0: as the init system has set it)",
       nullptr, -1000, 1000},
      {"metrics-addr", 0, "metrics-addr", &s::metrics_addr, later, process, "HOST:PORT",
       "Address on which to serve metrics for Prometheus, to whoever asks (default: none)",
       check_metrics_addr},
      {"experimental", 0, "experimental", &s::experimental, later, process, "",
       "Enable what may still change"},
      {"label", 0, "labels", &s::labels, live, process, "KEY=VALUE",
       "Label of this daemon, shown by `docker info`", check_pair},
      // Listening.
      {"host", 'H', "hosts", &s::hosts, later, listening, "PROTO://ADDR",
       "Address to serve: unix://PATH, tcp://HOST:PORT or fd://[NAME] (default "
       "unix:///var/run/docker.sock, or fd:// when systemd passes sockets)",
       check_host},
      {"group", 'G', "group", &s::group, later, listening, "GROUP",
       "Group of unix sockets; empty to leave it alone (default docker)"},
      {"inspect-host", 0, "inspect-host", &s::inspect_host, later, listening, "PROTO://ADDR",
       "Where to be inspected, or `none`, with which nothing of requests is kept either (default: "
       "socket inspect.sock in the exec root)",
       check_inspect_host},
      {"tls", 0, "tls", &s::tls, later, listening, "",
       "Serve TCP with TLS; implied by --tlsverify"},
      {"tlsverify", 0, "tlsverify", &s::tls_verify, later, listening, "",
       "Serve TCP with TLS and demand a client certificate"},
      {"tlscacert", 0, "tlscacert", &s::tls_ca_cert, live, listening, "PATH",
       "Authorities that sign clients (default $DOCKER_CERT_PATH/ca.pem, else "
       "~/.docker/ca.pem)"},
      {"tlscert", 0, "tlscert", &s::tls_cert, live, listening, "PATH",
       "Certificate of the daemon (default cert.pem beside it)"},
      {"tlskey", 0, "tlskey", &s::tls_key, live, listening, "PATH",
       "Key of the certificate (default key.pem beside it)"},
      {"insecure-allow-unauthenticated-tcp", 0, "insecure-allow-unauthenticated-tcp",
       &s::insecure_allow_unauthenticated_tcp, later, listening, "",
       "Serve TCP beyond loopback without client certificates. Whoever reaches the port is "
       "root on this machine"},
      {"api-cors-header", 0, "api-cors-header", &s::api_cors_header, later, listening, "ORIGIN",
       "Origin that browsers may call from (--api-enable-cors is the same as *)"},
      {"min-api-version", 0, "min-api-version", &s::min_api_version, later, listening, "VERSION",
       "Refuse clients of an older API: 1.24 to 1.50; above 1.24 those of 1.14 too",
       check_api_version},
      {"max-connections", 0, "max-connections", &s::max_connections, later, listening, "N",
       "Connections served at a time; 0 for no limit (default 50000)", nullptr, 0, 10000000},
      // Containers.
      {"default-runtime", 0, "default-runtime", &s::default_runtime, live, containers, "NAME",
       "OCI runtime of containers that ask for none (default: the first that works of crun, "
       "runc)"},
      {"add-runtime", 0, "runtimes", &s::runtimes, live, containers, "NAME=PATH",
       "Further OCI runtime"},
      {"exec-opt", 0, "exec-opts", &s::exec_opts, later, containers, "KEY=VALUE",
       "Option for running containers: native.cgroupdriver=cgroupfs", check_pair},
      {"cgroup-parent", 0, "cgroup-parent", &s::cgroup_parent, later, containers, "PATH",
       "Cgroup above those of all containers"},
      {"default-cgroupns-mode", 0, "default-cgroupns-mode", &s::default_cgroupns_mode, later,
       containers, "MODE", "Cgroup namespace of containers: host or private", check_cgroupns_mode},
      {"default-ipc-mode", 0, "default-ipc-mode", &s::default_ipc_mode, live, containers, "MODE",
       "IPC namespace of containers: shareable or private (default private)", check_ipc_mode},
      {"default-shm-size", 0, "default-shm-size", &s::default_shm_size, live, containers, "BYTES",
       "Size of /dev/shm (default 64MiB)"},
      {"default-ulimit", 0, "default-ulimits", &s::default_ulimits, later, containers,
       "NAME=SOFT[:HARD]", "Resource limit"},
      {"init", 0, "init", &s::init, later, containers, "",
       "Run an init in containers that forwards signals and reaps"},
      {"init-path", 0, "init-path", &s::init_path, later, containers, "PATH",
       "Program of that init"},
      {"no-new-privileges", 0, "no-new-privileges", &s::no_new_privileges, later, containers, "",
       "Set no_new_privs unless a container says otherwise"},
      {"seccomp-profile", 0, "seccomp-profile", &s::seccomp_profile, later, containers, "PATH",
       "Profile in place of the built-in one, or `unconfined`"},
      {"selinux-enabled", 0, "selinux-enabled", &s::selinux_enabled, later, containers, "",
       "Label containers for SELinux (refused: there is no support for it)"},
      {"userns-remap", 0, "userns-remap", &s::userns_remap, later, containers, "USER[:GROUP]",
       "Whose subordinate ids containers run with (refused: there is no support for it)"},
      {"log-driver", 0, "log-driver", &s::log_driver, later, containers, "NAME",
       "What keeps the output of containers (default json-file)", check_not_empty},
      {"log-opt", 0, "log-opts", &s::log_opts, later, containers, "KEY=VALUE",
       "Option for the log driver", check_pair},
      // Storage and registries.
      {"storage-driver", 's', "storage-driver", &s::storage_driver, later, images, "NAME",
       "How layers are stored (default: the best that works here)"},
      {"storage-opt", 0, "storage-opts", &s::storage_opts, later, images, "KEY=VALUE",
       "Option for the storage driver", check_pair},
      {"registry-mirror", 0, "registry-mirrors", &s::registry_mirrors, live, images, "URL",
       "Mirror to ask before the public registry", check_mirror},
      {"insecure-registry", 0, "insecure-registries", &s::insecure_registries, live, images,
       "HOST[:PORT]|CIDR", "Registry to speak to without TLS or with any certificate",
       check_registry},
      {"max-concurrent-downloads", 0, "max-concurrent-downloads", &s::max_concurrent_downloads,
       live, images, "N", "Layers that a pull fetches at a time; 0 for no limit (default 3)",
       nullptr, 0, 1000},
      {"max-concurrent-uploads", 0, "max-concurrent-uploads", &s::max_concurrent_uploads, live,
       images, "N", "Layers that a push sends at a time; 0 for no limit (default 5)", nullptr, 0,
       1000},
      {"max-download-attempts", 0, "max-download-attempts", &s::max_download_attempts, live, images,
       "N", "How often a pull tries to fetch a layer (default 5)", nullptr, 1, 1000},
      // Networks.
      {"bridge", 'b', "bridge", &s::bridge, later, networks, "NAME",
       "Existing bridge for containers, or `none` (default: docker0, made by the daemon)"},
      {"bip", 0, "bip", &s::bip, later, networks, "CIDR",
       "Address of the bridge and its network; not with --bridge", check_cidr},
      {"fixed-cidr", 0, "fixed-cidr", &s::fixed_cidr, later, networks, "CIDR",
       "Part of the bridge's network that containers get", check_cidr},
      {"fixed-cidr-v6", 0, "fixed-cidr-v6", &s::fixed_cidr_v6, later, networks, "CIDR",
       "The same for IPv6", check_cidr},
      {"default-gateway", 0, "default-gateway", &s::default_gateway, later, networks, "IP",
       "Gateway of the default bridge", check_optional_ip},
      {"default-gateway-v6", 0, "default-gateway-v6", &s::default_gateway_v6, later, networks, "IP",
       "The same for IPv6", check_optional_ip},
      {"default-address-pool", 0, "default-address-pools", &s::default_address_pools, later,
       networks, "base=CIDR,size=N", "Addresses out of which new networks are cut"},
      {"ip", 0, "ip", &s::ip, later, networks, "IP",
       "Where published ports are bound (default 0.0.0.0)", check_ip},
      {"host-gateway-ip", 0, "host-gateway-ip", &s::host_gateway_ip, later, networks, "IP",
       "What `host-gateway` means in --add-host (default: address of the bridge)",
       check_optional_ip},
      {"mtu", 0, "mtu", &s::mtu, later, networks, "BYTES",
       "MTU of containers; 0 for that of the default route (default 0)", nullptr, 0, 65535},
      {"icc", 0, "icc", &s::icc, later, networks, "",
       "Let containers reach each other (default true)"},
      {"iptables", 0, "iptables", &s::iptables, later, networks, "",
       "Add iptables rules (default true)"},
      {"ip6tables", 0, "ip6tables", &s::ip6tables, later, networks, "", "Add ip6tables rules"},
      {"ip-forward", 0, "ip-forward", &s::ip_forward, later, networks, "",
       "Enable net.ipv4.ip_forward (default true)"},
      {"ip-masq", 0, "ip-masq", &s::ip_masq, later, networks, "",
       "Masquerade what containers send out (default true)"},
      {"ipv6", 0, "ipv6", &s::ipv6, later, networks, "", "IPv6 on the default bridge"},
      {"userland-proxy", 0, "userland-proxy", &s::userland_proxy, later, networks, "",
       "Serve published ports on loopback by a proxy (default true)"},
      {"dns", 0, "dns", &s::dns, later, networks, "IP", "Name server for containers", check_ip},
      {"dns-search", 0, "dns-search", &s::dns_search, later, networks, "DOMAIN",
       "Search domain for containers", check_domain},
      {"dns-opt", 0, "dns-opts", &s::dns_opts, later, networks, "OPTION",
       "resolv.conf option for containers", check_not_empty},
  });
  return entries;
}

/// Keys of what is still to come.
constexpr auto pending = std::to_array<std::string_view>({
    "storage-opts",
    // Registries.
    "registry-mirrors",
    "insecure-registries",
    "max-concurrent-downloads",
    "max-concurrent-uploads",
    "max-download-attempts",
    // Networks.
    "bridge",
    "bip",
    "fixed-cidr",
    "fixed-cidr-v6",
    "default-gateway",
    "default-gateway-v6",
    "default-address-pools",
    "ip",
    "mtu",
    "icc",
    "iptables",
    "ip6tables",
    "ip-forward",
    "ip-masq",
    "ipv6",
    "userland-proxy",
});

constexpr auto ignored = std::to_array<ignored_option>({
    {"allow-nondistributable-artifacts", "allow-nondistributable-artifacts"},
    {"", "builder"},
    {"containerd", "containerd"},
    {"containerd-namespace", "containerd-namespace"},
    {"containerd-plugins-namespace", "containerd-plugin-namespace"},
    {"cpu-rt-period", "cpu-rt-period"},
    {"cpu-rt-runtime", "cpu-rt-runtime"},
    {"cri-containerd", "cri-containerd", false},
    {"exec-driver", ""},
    {"", "features"},
    {"network-control-plane-mtu", "network-control-plane-mtu"},
    {"node-generic-resource", "node-generic-resources"},
    {"raw-logs", "raw-logs", false},
    {"swarm-default-advertise-addr", "swarm-default-advertise-addr"},
    {"userland-proxy-path", "userland-proxy-path"},
});

/// One overload per type of `member`: text in, value out.
struct text_assigner {
  settings& to;
  const option_spec& option;
  const std::string& text;

  result<std::string> checked() const {
    return option.check != nullptr ? option.check(text) : result<std::string>(text);
  }

  result<void> operator()(bool settings::*where) const {
    auto value = parse_bool(text);
    if (!value)
      return invalid("must be true or false");
    to.*where = *value;
    return {};
  }
  result<void> operator()(std::int64_t settings::*where) const {
    auto number = parse_integer(text);
    if (!number)
      return invalid("must be a whole number");
    auto value = check_range(option, *number);
    if (!value)
      return value.error();
    to.*where = *value;
    return {};
  }
  result<void> operator()(std::string settings::*where) const {
    auto value = checked();
    if (!value)
      return value.error();
    to.*where = std::move(*value);
    return {};
  }
  result<void> operator()(std::vector<std::string> settings::*where) const {
    auto value = checked();
    if (!value)
      return value.error();
    (to.*where).push_back(std::move(*value));
    return {};
  }
  result<void> operator()(string_map settings::*where) const {
    auto value = checked();
    if (!value)
      return value.error();
    auto equals = value->find('=');
    (to.*where).insert_or_assign(value->substr(0, equals), value->substr(equals + 1));
    return {};
  }
  result<void> operator()(log::level settings::*where) const {
    auto value = log::parse_level(lower(text));
    if (!value)
      return invalid("unable to parse logging level: " + text);
    to.*where = *value;
    return {};
  }
  result<void> operator()(log_format settings::*where) const {
    if (text != "text" && text != "json")
      return invalid("invalid log format: " + text);
    to.*where = text == "json" ? log_format::json : log_format::text;
    return {};
  }
  result<void> operator()(byte_count settings::*where) const {
    auto value = parse_bytes(text);
    if (!value)
      return value.error();
    to.*where = *value;
    return {};
  }
  result<void> operator()(ulimit_map settings::*where) const {
    auto value = parse_ulimit(text);
    if (!value)
      return value.error();
    (to.*where).insert_or_assign(std::move(value->first), value->second);
    return {};
  }
  result<void> operator()(runtime_map settings::*where) const {
    auto value = parse_runtime(text);
    if (!value)
      return value.error();
    auto [entry, is_new] = (to.*where).emplace(*value);
    if (!is_new)
      return invalid("runtime '" + entry->first + "' was already registered");
    return {};
  }
  result<void> operator()(std::vector<address_pool> settings::*where) const {
    auto value = parse_address_pool(text);
    if (!value)
      return value.error();
    (to.*where).push_back(std::move(*value));
    return {};
  }
};

/// Values as Go prints them with %v, which is what dockerd's messages hold.
struct shower {
  static std::string of(bool value) { return value ? "true" : "false"; }
  static std::string of(std::int64_t value) { return std::to_string(value); }
  static std::string of(const std::string& value) { return value; }
  static std::string of(log::level value) {
    return std::string(value == log::level::warn ? "warn" : log::to_string(value));
  }
  static std::string of(log_format value) { return value == log_format::json ? "json" : "text"; }
  static std::string of(byte_count value) { return std::to_string(value.bytes); }
  static std::string of(const ulimit& value) {
    return std::to_string(value.soft) + ':' + std::to_string(value.hard);
  }
  static std::string of(const oci_runtime& value) { return value.path; }
  static std::string of(const address_pool& value) {
    return value.base + '/' + std::to_string(value.size);
  }
  template <class Item>
  static std::string of(const std::vector<Item>& items) {
    std::string out = "[";
    for (const Item& item : items)
      out += (out.size() > 1 ? " " : "") + of(item);
    return out + ']';
  }
  template <class Value>
  static std::string of(const std::map<std::string, Value, std::less<>>& items) {
    std::string out = "map[";
    for (const auto& [key, value] : items)
      out += (out.back() == '[' ? "" : " ") + key + ':' + of(value);
    return out + ']';
  }
};

} // namespace

std::span<const option_spec> option_table() { return table(); }

const option_spec* find_key(std::string_view key) {
  auto entries = option_table();
  auto found = std::find_if(entries.begin(), entries.end(),
                            [key](const option_spec& each) { return each.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

bool is_boolean(const option_spec& option) {
  return std::holds_alternative<bool settings::*>(option.target);
}

result<std::int64_t> check_range(const option_spec& option, std::int64_t value) {
  if (value >= option.least && value <= option.most)
    return value;
  std::string words(option.key);
  std::replace(words.begin(), words.end(), '-', ' ');
  return api_error{errc::invalid_parameter, "invalid " + words + ": " + std::to_string(value) +
                                                " (allowed: " + std::to_string(option.least) +
                                                " to " + std::to_string(option.most) + ')'};
}

result<void> assign_text(settings& to, const option_spec& option, const std::string& text) {
  return std::visit(text_assigner{to, option, text}, option.target);
}

std::string show(const settings& from, const option_spec& option) {
  return std::visit([&](auto where) { return shower::of(from.*where); }, option.target);
}

void copy_value(settings& to, const settings& from, const option_spec& option) {
  std::visit([&](auto where) { to.*where = from.*where; }, option.target);
}

bool same_value(const settings& a, const settings& b, const option_spec& option) {
  return std::visit([&](auto where) { return a.*where == b.*where; }, option.target);
}

bool is_still_to_come(const option_spec& option) {
  return std::find(pending.begin(), pending.end(), option.key) != pending.end();
}

std::span<const ignored_option> ignored_options() { return ignored; }

} // namespace gantry::app
