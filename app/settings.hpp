#pragma once

#include "actors/host/environment.hpp"
#include "actors/runtime/log.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::app {

/// How log lines are written: logfmt or one JSON object a line.
enum class log_format : std::uint8_t { text, json };

/// A size in bytes, written `64m`, `1GiB`, `4096` (clause: today's `--default-shm-size`).
struct byte_count {
  std::int64_t bytes = 0;

  friend bool operator==(const byte_count&, const byte_count&) = default;
};

/// A default resource limit of containers; -1 is unlimited.
struct ulimit {
  std::int64_t soft = 0;
  std::int64_t hard = 0;

  friend bool operator==(const ulimit&, const ulimit&) = default;
};

/// An OCI runtime: the program and the words put before its command.
struct oci_runtime {
  std::string path;
  std::vector<std::string> args;

  friend bool operator==(const oci_runtime&, const oci_runtime&) = default;
};

/// A block of addresses out of which networks of `size` prefix bits are cut.
struct address_pool {
  std::string base; ///< a CIDR: `10.10.0.0/16`
  std::int64_t size = 0;

  friend bool operator==(const address_pool&, const address_pool&) = default;
};

using string_map = std::map<std::string, std::string, std::less<>>;
using ulimit_map = std::map<std::string, ulimit, std::less<>>;
using runtime_map = std::map<std::string, oci_runtime, std::less<>>;

inline constexpr std::string_view default_host = "unix:///var/run/docker.sock";
/// The `inspect_host` without which there is no inspection.
inline constexpr std::string_view no_inspection = "none";
inline constexpr std::string_view default_config_file = "/etc/gantry/daemon.json";

/// Every setting of the daemon in effect, with its default. Plain data: read it, copy it, compare
/// it. An empty text means "not set" unless said otherwise.
struct settings {
  // The process.
  std::string data_root = "/var/lib/gantry";
  std::string exec_root = "/var/run/gantry";
  std::string pidfile = "/var/run/gantry.pid"; ///< empty: none (never dockerd's: both may run)
  bool debug = false;                          ///< see `effective_level`
  log::level log_level = log::level::info;
  log_format format = log_format::text;
  std::int64_t shutdown_timeout = 15; ///< seconds for containers to stop; -1: no limit
  std::int64_t io_threads = 0;        ///< threads that run actors; 0: one per processor
  std::int64_t oom_score_adjust = 0;
  bool experimental = false;
  bool live_restore = false;
  std::string metrics_addr; ///< HOST:PORT, in normal form; empty: no metrics are served

  // Listening.
  std::vector<std::string> hosts; ///< PROTO://ADDR; never empty after `complete`
  std::string group = "docker";   ///< of unix sockets; empty: leave the group alone
  std::string inspect_host;       ///< PROTO://ADDR or `none`; empty: `inspect.sock` in exec_root
  bool tls = false;
  bool tls_verify = false; ///< implies `tls`
  std::string tls_ca_cert;
  std::string tls_cert;
  std::string tls_key;
  std::string api_cors_header; ///< value of Access-Control-Allow-Origin; empty: no CORS headers
  std::string min_api_version; ///< empty: the lowest that the server knows
  std::int64_t max_connections = 50000; ///< open connections of each listener; 0: no limit
  /// Plain TCP that others than this machine can reach, without client certificates. Whoever can
  /// connect is root here.
  bool insecure_allow_unauthenticated_tcp = false;

  // Containers.
  std::string
      default_runtime; ///< empty: found by probing; else `crun`, `runc` or one of `runtimes`
  runtime_map runtimes;
  std::vector<std::string> exec_opts; ///< key=value
  std::string cgroup_parent;
  std::string default_cgroupns_mode; ///< `host`, `private` or empty: as the kernel suggests
  std::string default_ipc_mode = "private";
  byte_count default_shm_size{std::int64_t{64} << 20};
  ulimit_map default_ulimits;
  bool init = false;
  std::string init_path;
  bool no_new_privileges = false;
  std::string seccomp_profile;
  bool selinux_enabled = false;
  std::string userns_remap;
  std::string log_driver = "json-file";
  string_map log_opts;

  // Storage, images and registries.
  std::string storage_driver; ///< empty: found by probing
  std::vector<std::string> storage_opts;
  std::vector<std::string> registry_mirrors;
  std::vector<std::string> insecure_registries;
  std::int64_t max_concurrent_downloads = 3; ///< 0: no limit
  std::int64_t max_concurrent_uploads = 5;   ///< 0: no limit
  std::int64_t max_download_attempts = 5;

  // Networks.
  std::string bridge; ///< empty: `docker0`; `none`: no bridge network
  std::string bip;    ///< address of the bridge as CIDR; not together with `bridge`
  std::string fixed_cidr;
  std::string fixed_cidr_v6;
  std::string default_gateway;
  std::string default_gateway_v6;
  std::vector<address_pool> default_address_pools;
  std::string ip = "0.0.0.0"; ///< where published ports are bound
  std::string host_gateway_ip;
  std::int64_t mtu = 0; ///< 0: that of the default route
  bool icc = true;
  bool iptables = true;
  bool ip6tables = false;
  bool ip_forward = true;
  bool ip_masq = true;
  bool ipv6 = false;
  bool userland_proxy = true;
  std::vector<std::string> dns;
  std::vector<std::string> dns_search;
  std::vector<std::string> dns_opts;

  // What users say about this daemon; shown by `info`.
  std::vector<std::string> labels; ///< key=value, keys unique

  /// `debug` if `debug` is set, else `log_level`.
  log::level effective_level() const noexcept { return debug ? log::level::debug : log_level; }

  friend bool operator==(const settings&, const settings&) = default;
};

/// What the process finds around it and the settings depend on.
struct environment {
  std::string docker_cert_path;  ///< $DOCKER_CERT_PATH
  std::string home;              ///< $HOME
  bool socket_activated = false; ///< the init system passed sockets to us

  /// With the variables as `variables` finds them.
  static environment of(const host::environment& variables, bool socket_activated);
};

/// Fills in what depends on other settings: the default host (`fd://` when socket activated, else
/// `unix:///var/run/docker.sock`), TLS implied by tlsverify, and the TLS files, which are looked
/// for as `ca.pem`, `cert.pem` and `key.pem` in $DOCKER_CERT_PATH, else $HOME/.docker.
void complete(settings& values, const environment& env);

/// Checks what one value alone cannot show: settings that exclude each other, labels that
/// contradict each other, unknown runtimes. Errors: invalid_parameter.
result<void> validate(const settings& values);

} // namespace gantry::app
