#include "app/settings.hpp"

#include "protocol/api/version.hpp"
#include "protocol/container/create_checks.hpp"
#include "protocol/container/log_options.hpp"

#include <set>

namespace gantry::app {
namespace {

/// Equal labels may repeat; the same key with two values may not.
result<void> check_labels(const std::vector<std::string>& labels) {
  std::map<std::string_view, std::string_view> seen; // key -> whole label
  for (std::string_view label : labels) {
    auto key = label.substr(0, label.find('='));
    auto [where, is_new] = seen.emplace(key, label);
    if (!is_new && where->second != label)
      return invalid("conflict labels for " + std::string(label) + " and " +
                     std::string(where->second));
  }
  return {};
}

result<void> check_hosts(const std::vector<std::string>& hosts) {
  std::set<std::string_view> seen;
  for (std::string_view host : hosts)
    if (!seen.insert(host).second)
      return invalid("the host " + std::string(host) + " is given more than once");
  return {};
}

result<void> check_min_api_version(const std::string& text) {
  if (text.empty())
    return {};
  const auto version = api::parse_version(text);
  if (version < api::oldest_version)
    return invalid("invalid min-api-version: minimum supported API version is " +
                   to_string(api::oldest_version) + ": " + text);
  if (version > api::newest_version)
    return invalid("invalid min-api-version: maximum supported API version is " +
                   to_string(api::newest_version) + ": " + text);
  return {};
}

/// Containers are put into their cgroups by the runtime itself.
result<void> check_exec_opts(const std::vector<std::string>& options) {
  constexpr std::string_view driver = "native.cgroupdriver=";
  for (const std::string& option : options) {
    if (!option.starts_with(driver))
      return invalid("unknown exec option: " + option);
    auto value = option.substr(driver.size());
    if (value != "cgroupfs")
      return invalid("native.cgroupdriver option " + value + " not supported");
  }
  return {};
}

result<void> check_logging(const settings& values) {
  container::log_config config;
  config.type = values.log_driver;
  config.config.emplace(values.log_opts.begin(), values.log_opts.end());
  auto checked = container::check_log_config(config, container::create_settings{}.log_drivers);
  if (checked && config.type != "none")
    if (auto parsed = container::parse_log_options(config); !parsed)
      checked = parsed.error();
  return checked ? checked : invalid("failed to set log opts: " + checked.error().message);
}

/// What makes containers less dangerous is not left out silently.
result<void> check_confinement(const settings& values) {
  if (!values.userns_remap.empty())
    return invalid("userns-remap is not supported: containers would run as root of this machine");
  if (values.selinux_enabled)
    return invalid("selinux-enabled is not supported: containers would run without labels");
  return {};
}

} // namespace

environment environment::of(const host::environment& variables, bool socket_activated) {
  auto value = [&variables](const char* name) {
    const char* text = variables ? variables(name) : nullptr;
    return text != nullptr ? std::string(text) : std::string();
  };
  return {value("DOCKER_CERT_PATH"), value("HOME"), socket_activated};
}

void complete(settings& values, const environment& env) {
  if (values.hosts.empty())
    values.hosts.emplace_back(env.socket_activated ? "fd://" : default_host);

  values.tls = values.tls || values.tls_verify;
  if (values.tls) {
    auto directory = env.docker_cert_path.empty() ? env.home + "/.docker" : env.docker_cert_path;
    if (values.tls_ca_cert.empty() && values.tls_verify)
      values.tls_ca_cert = directory + "/ca.pem";
    if (values.tls_cert.empty())
      values.tls_cert = directory + "/cert.pem";
    if (values.tls_key.empty())
      values.tls_key = directory + "/key.pem";
  }

  if (!values.iptables) // masquerading is an iptables rule
    values.ip_masq = false;
}

result<void> validate(const settings& values) {
  if (auto checked = check_labels(values.labels); !checked)
    return checked;
  if (auto checked = check_hosts(values.hosts); !checked)
    return checked;
  if (values.inspect_host.starts_with("tcp://") && !values.tls_verify)
    return invalid("inspect-host " + values.inspect_host +
                   " needs --tlsverify: the inspection shows everything");
  if (!values.bridge.empty() && !values.bip.empty()) // clause 2.4 item 2
    return invalid(
        "You specified -b & --bip, mutually exclusive options. Please specify only one.");
  if (!values.iptables && !values.icc) // clause 2.4 item 3
    return invalid(
        "You specified --iptables=false with --icc=false. ICC uses iptables to function. "
        "Please set --icc or --iptables to true.");
  if (auto checked = check_min_api_version(values.min_api_version); !checked)
    return checked;
  if (auto checked = check_exec_opts(values.exec_opts); !checked)
    return checked;
  if (auto checked = check_logging(values); !checked)
    return checked;
  if (auto checked = check_confinement(values); !checked)
    return checked;
  const auto& name = values.default_runtime;
  bool is_builtin = name.empty() || name == "crun" || name == "runc";
  if (!is_builtin && values.runtimes.find(name) == values.runtimes.end())
    return invalid("specified default runtime '" + name + "' does not exist");
  return {};
}

} // namespace gantry::app
