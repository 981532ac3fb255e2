#pragma once

#include "actors/host/environment.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gantry::host {

/// What `docker info` and `docker version` tell about the machine. All readers below take the root
/// of the tree they look at, `/` unless a test says otherwise; what cannot be read is empty, 0 or
/// false.
struct system_facts {
  std::string kernel_version;   ///< `6.1.0-18-amd64`
  std::string operating_system; ///< `Debian GNU/Linux 12 (bookworm)`
  std::string os_version;       ///< `12`
  std::string architecture;     ///< the kernel's word: `x86_64`
  std::string go_architecture;  ///< Docker's word: `amd64`
  std::string hostname;
  unsigned cpus = 0;           ///< that this process may use
  std::uint64_t mem_total = 0; ///< bytes
  bool ipv4_forwarding = false;
  bool bridge_nf_iptables = false;
  bool bridge_nf_ip6tables = false;
};

/// Reads all of them.
system_facts read_system_facts(const std::string& root = "/");

/// The text of PRETTY_NAME and VERSION_ID (os-release(5)).
struct os_release {
  std::string pretty_name; ///< falls back to NAME and VERSION, then to `Linux`
  std::string version_id;  ///< may be empty
};

/// Reads etc/os-release, else usr/lib/os-release.
os_release read_os_release(const std::string& root = "/");

/// Parses os-release(5) text: shell-like assignments, quotes and backslashes resolved.
os_release parse_os_release(std::string_view text);

/// Docker's (Go's) word for a machine of uname(2): `x86_64` -> `amd64`, `aarch64` -> `arm64`, ...;
/// one it does not know is returned as it is.
std::string go_architecture(std::string_view machine);

/// CPUs this process may be scheduled on (sched_getaffinity(2)); at least 1.
unsigned usable_cpus();

/// MemTotal of proc/meminfo in bytes; 0 if unknown.
std::uint64_t read_mem_total(const std::string& root = "/");

/// Security features that containers can be given.
struct security_facts {
  bool seccomp = false;
  bool apparmor = false;
  bool selinux = false;
  bool cgroup_namespaces = false;
  bool user_namespaces = false;
};

/// Reads what the kernel offers.
security_facts read_security_facts(const std::string& root = "/");

/// Descriptors this process has open.
std::size_t open_fd_count(const std::string& root = "/");

/// Proxies the daemon was told to use: the variables in capitals, else in small letters.
struct proxy_facts {
  std::string http;
  std::string https;
  std::string no_proxy;
};

/// Reads HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
proxy_facts read_proxies(const environment& env);

/// A URL as it may be shown: user and password become `xxxxx:xxxxx`, as Docker prints them.
std::string mask_credentials(std::string_view url);

} // namespace gantry::host
