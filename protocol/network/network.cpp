#include "protocol/network/network.hpp"

#include "protocol/oci/digest.hpp"

#include <algorithm>

namespace gantry::network {

namespace {

namespace json = boost::json;

constexpr std::string_view local_scope = "local";

// `10.0.0.2/24`; empty without an address.
std::string with_prefix(const std::string& address, std::int64_t prefix_length) {
  return address.empty() ? address : address + '/' + std::to_string(prefix_length);
}

json::object shown_containers(const network_record& network,
                              std::span<const container::container_view* const> containers) {
  json::object shown;
  for (const auto* view : containers)
    for (const auto& [name, endpoint] : view->network.networks) {
      if (endpoint.network_id != network.id || endpoint.endpoint_id.empty())
        continue;
      const auto slash = view->name.starts_with('/') ? 1 : 0;
      shown[view->id] = {{"Name", view->name.substr(slash)},
                         {"EndpointID", endpoint.endpoint_id},
                         {"MacAddress", endpoint.mac_address},
                         {"IPv4Address", with_prefix(endpoint.ip_address, endpoint.ip_prefix_len)},
                         {"IPv6Address", with_prefix(endpoint.global_ipv6_address,
                                                     endpoint.global_ipv6_prefix_len)}};
    }
  return shown;
}

} // namespace

network_list predefined_networks(std::string_view engine_id, const oci::instant& created) {
  const auto make = [&](const char* name, const char* driver) {
    const auto seed = std::string{engine_id}.append(" network ").append(name);
    return network_record{std::string{oci::sha256_of(seed).hex()}, name, driver, created};
  };
  return {make("host", "host"), make("none", "null")};
}

result<network_record> find_network(const network_list& all, std::string_view reference,
                                    std::string_view scope) {
  const api_error none{errc::not_found, "network " + std::string{reference} + " not found"};
  if (!scope.empty() && scope != local_scope)
    return none;
  for (const auto& network : all)
    if (network.id == reference || network.name == reference)
      return network;
  const network_record* found = nullptr;
  std::size_t matching = 0;
  for (const auto& network : all)
    if (!reference.empty() && network.id.starts_with(reference)) {
      found = &network;
      ++matching;
    }
  if (matching == 0)
    return none;
  if (matching > 1)
    return api_error{errc::invalid_parameter, "network " + std::string{reference} +
                                                  " is ambiguous (" + std::to_string(matching) +
                                                  " matches found based on ID prefix)"};
  return *found;
}

bool matches(const api::filters& filters, const network_record& network) {
  const auto exactly = [&filters](std::string_view key, std::string_view value) {
    return !filters.contains(key) || filters.match_exact(key, value);
  };
  const auto looks_like = [&filters](std::string_view key, std::string_view value) {
    return !filters.contains(key) || filters.match_regex(key, value);
  };
  if (!looks_like("name", network.name) || !looks_like("id", network.id) ||
      !exactly("driver", network.driver) || !exactly("scope", local_scope) ||
      !exactly("type", "builtin"))
    return false;
  if (filters.contains("label") && !filters.match_labels("label", {}))
    return false;
  // Those of every daemon count as used.
  const auto dangling = filters.boolean("dangling");
  return !dangling || !*dangling || !**dangling;
}

json::object shown_network(const network_record& network,
                           std::span<const container::container_view* const> containers) {
  return {{"Name", network.name},
          {"Id", network.id},
          {"Created", oci::to_string(network.created)},
          {"Scope", local_scope},
          {"Driver", network.driver},
          {"EnableIPv4", true},
          {"EnableIPv6", false},
          {"IPAM", {{"Driver", "default"}, {"Options", nullptr}, {"Config", nullptr}}},
          {"Internal", false},
          {"Attachable", false},
          {"Ingress", false},
          {"ConfigFrom", {{"Network", ""}}},
          {"ConfigOnly", false},
          {"Containers", shown_containers(network, containers)},
          {"Options", json::object{}},
          {"Labels", json::object{}}};
}

} // namespace gantry::network
