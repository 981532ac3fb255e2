#include "app/settings.hpp"

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
  if (!values.bridge.empty() && !values.bip.empty()) // clause 2.4 item 2
    return invalid(
        "You specified -b & --bip, mutually exclusive options. Please specify only one.");
  if (!values.iptables && !values.icc) // clause 2.4 item 3
    return invalid(
        "You specified --iptables=false with --icc=false. ICC uses iptables to function. "
        "Please set --icc or --iptables to true.");
  const auto& name = values.default_runtime;
  bool is_builtin = name.empty() || name == "crun" || name == "runc";
  if (!is_builtin && values.runtimes.find(name) == values.runtimes.end())
    return invalid("specified default runtime '" + name + "' does not exist");
  return {};
}

} // namespace gantry::app
