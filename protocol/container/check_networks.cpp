#include "protocol/container/create_checks.hpp"

#include "protocol/container/addresses.hpp"
#include "protocol/container/modes.hpp"
#include "protocol/container/values.hpp"

#include <utility>

namespace gantry::container {

namespace {

using detail::is_empty;
using detail::split;

constexpr const char* sysctls_option = "com.docker.network.endpoint.sysctls";

// `net.ipv4.conf.IFNAME.forwarding=1`
bool is_interface_sysctl(std::string_view text) {
  const auto parts = split(text, '.');
  return parts.size() >= 5 && (parts[1] == "ipv4" || parts[1] == "ipv6" || parts[1] == "mpls") &&
         (parts[3] == "IFNAME" || parts[3] == "ifname");
}

void check_addresses(const endpoint_ipam& ipam, std::vector<std::string>& errors) {
  const auto& v4 = ipam.ipv4_address;
  if (!v4.empty() && (!is_ipv4(v4) || v4 == "0.0.0.0"))
    errors.push_back("invalid IPv4 address: " + v4);
  const auto& v6 = ipam.ipv6_address;
  if (!v6.empty() && (!is_ipv6(v6) || v6 == "::"))
    errors.push_back("invalid IPv6 address: " + v6);
  for (const auto& address : ipam.link_local_ips)
    if ((!is_ipv4(address) && !is_ipv6(address)) || address == "0.0.0.0" || address == "::")
      errors.push_back("invalid link-local IP address: " + address);
}

std::vector<std::string> errors_of(const std::string& network, const endpoint_settings& settings) {
  std::vector<std::string> errors;
  const auto ipam = settings.ipam_config.value_or(endpoint_ipam{});
  if (!is_user_network(network)) {
    if (!ipam.ipv4_address.empty() || !ipam.ipv6_address.empty())
      errors.emplace_back("user specified IP address is supported on user defined networks only");
    if (!is_empty(settings.aliases))
      errors.emplace_back("network-scoped alias is supported only for containers in user defined "
                          "networks");
  }
  check_addresses(ipam, errors);
  if (!settings.mac_address.empty() && !is_mac_address(settings.mac_address))
    errors.push_back("invalid MAC address " + settings.mac_address);
  if (settings.driver_opts)
    if (auto found = settings.driver_opts->find(sysctls_option);
        found != settings.driver_opts->end())
      for (const auto& sysctl : split(found->second, ','))
        if (!is_interface_sysctl(sysctl))
          errors.push_back("unrecognised network interface sysctl '" + std::string{sysctl} +
                           "'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be "
                           "'ipv4', 'ipv6' or 'mpls'");
  return errors;
}

// One error as it is, several as a list of which each further line is indented.
std::string joined(const std::vector<std::string>& errors) {
  if (errors.size() == 1)
    return errors.front();
  std::string text;
  for (const auto& error : errors) {
    text += text.empty() ? "* " : "\n* ";
    for (char c : error) {
      text += c;
      if (c == '\n')
        text += '\t';
    }
  }
  return text;
}

} // namespace

result<void> check_networks(const networking_config& networks) {
  std::vector<std::string> errors;
  for (const auto& [name, settings] : networks.endpoints) {
    const auto prefix = "invalid config for network " + name + ": ";
    if (!settings) {
      errors.push_back(prefix + "EndpointsConfig is nil");
      continue;
    }
    if (auto wrong = errors_of(name, *settings); !wrong.empty())
      errors.push_back(prefix + "invalid endpoint settings:\n" + joined(wrong));
  }
  if (!errors.empty())
    return api_error{errc::invalid_parameter, joined(errors)};
  return {};
}

} // namespace gantry::container
