#pragma once

#include "protocol/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace gantry::containers {

/// The files with names that the daemon makes for a container, on the host.
struct name_files {
  std::string hostname;
  std::string hosts;
  std::string resolv_conf;

  friend bool operator==(const name_files&, const name_files&) = default;
};

/// What is said about the resolver, by the user or the operator.
struct dns_settings {
  std::vector<std::string> servers;
  std::vector<std::string> search;
  std::vector<std::string> options;

  /// Nobody said anything.
  bool empty() const noexcept { return servers.empty() && search.empty() && options.empty(); }
};

/// A line of hosts(5).
struct host_entry {
  std::string address;
  std::string names; ///< divided by blanks

  friend bool operator==(const host_entry&, const host_entry&) = default;
};

/// Reads HostConfig.ExtraHosts (`NAME:ADDRESS`). `gateway`: what `host-gateway` means. Errors
/// (invalid_parameter): `unable to derive the IP value for host-gateway`.
result<std::vector<host_entry>> parse_extra_hosts(const std::vector<std::string>& hosts,
                                                  const std::string& gateway);

/// The text of /etc/hosts: the usual names of this machine and of multicast, then `extra`, then the
/// container's own name for each of `addresses` (first in full, then without its domain).
std::string hosts_text(const std::vector<host_entry>& extra,
                       const std::vector<std::string>& addresses, std::string_view hostname,
                       std::string_view domainname);

/// The text of /etc/resolv.conf of a container with a network namespace of its own. `host`: the
/// host's. What is set takes the place of what the host has; if nothing is, the host's text stays
/// but for name servers that the container cannot reach (127.x, ::1; those of IPv6 without `ipv6`).
/// Public ones are put in if none is left.
std::string resolv_conf_text(std::string_view host, const dns_settings& set, bool ipv6);

/// The host's file that containers get: /etc/resolv.conf, or what systemd-resolved knows beyond it
/// if that names only its own server. `root`: for tests.
std::string host_resolv_conf(const std::string& root = "/");

} // namespace gantry::containers
