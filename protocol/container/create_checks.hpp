#pragma once

#include "protocol/container/capabilities.hpp"
#include "protocol/container/config.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::container {

/// What the kernel of this host can do for containers, as far as create checks it.
struct host_abilities {
  bool cgroup_v2 = false;
  bool memory_limit = true;
  bool swap_limit = true;
  bool memory_reservation = true;
  bool memory_swappiness = true;
  bool oom_kill_disable = true;
  bool pids_limit = true;
  bool cpu_shares = true;
  bool cpu_cfs = true;
  bool cpu_realtime = false;
  bool cpuset = true;
  bool blkio_weight = true;
  bool blkio_weight_device = true;
  bool blkio_read_bps = true;
  bool blkio_write_bps = true;
  bool blkio_read_iops = true;
  bool blkio_write_iops = true;
  bool cgroup_namespaces = true;
  bool apparmor = false;
  bool ipv4_forwarding = true;
  unsigned cpus = 1;           ///< that the daemon may use
  std::string cpuset_cpus;     ///< `0-3`: those that can be asked for
  std::string cpuset_mems;     ///< `0`
  capability_set capabilities; ///< what the daemon may give away
};

/// How the daemon is set up, as far as create depends on it.
struct create_settings {
  static constexpr std::int64_t default_shm_size = 64 << 20;

  std::int64_t shm_size = default_shm_size; ///< bytes
  std::string ipc_mode = "private";
  std::string cgroupns_mode; ///< empty: private on cgroup version 2, else host
  log_config default_log{"json-file", {}};
  std::set<std::string> log_drivers{"json-file", "local", "none"};
  std::set<std::string> runtimes{"runc"};
  std::string default_runtime = "runc";
  bool systemd_cgroups = false;
  std::vector<std::string> thermal_throttle_paths; ///< see `daemon_facts`
  std::string hostname;                            ///< the host's
  /// True once networks other than none, host and container:X can be had.
  bool networks = false;
};

/// Warnings for the client, in the order in which they came up.
using warning_list = std::vector<std::string>;

/// Tells if there is a file or directory of that name on the host; the error is what the kernel
/// says (`stat /x: permission denied`). May block: called in the caller's thread.
using path_probe = std::function<result<bool>(const std::string& path)>;

/// The checks that come first: modes that exclude each other, what only Windows has, the real-time
/// scheduler, CPU shares. Errors (invalid_parameter) in Docker's words (section 6.2, step 2).
result<void> check_conflicts(const create_request& request, const host_abilities& host);

/// Checks Config (step 7): working directory (made clean), stop signal, environment, health check,
/// host name; and the exposed ports.
result<void> check_config(container_config& config);

/// Checks HostConfig (steps 8 to 10) and adjusts it to the host: what the kernel cannot do is taken
/// out and warned about. `probe` answers for the sources of binds in Mounts. An empty runtime
/// becomes the default one. Errors: invalid_parameter.
result<void> check_host_config(host_config& config, const host_abilities& host,
                               const create_settings& settings, const path_probe& probe,
                               warning_list& warnings);

/// The part of it that create and update share. `update`: a swap limit may come without a memory
/// limit.
result<void> check_resources(container_resources& resources, const host_abilities& host,
                             bool update, warning_list& warnings);

/// Checks what start needs of DeviceRequests. Errors (system): `could not select device driver "D"
/// with capabilities: [[gpu]]` for any, as there are no drivers.
result<void> check_device_requests(const container_resources& resources);

/// Errors: invalid_parameter `invalid CPU shares (-1): value must be a positive integer`.
result<void> check_cpu_shares(const container_resources& resources);

/// Checks one restart policy. Errors (invalid_parameter): `invalid restart policy: ...`.
result<void> check_restart_policy(const restart_policy& policy);

/// Checks the endpoints (step 12). Errors (invalid_parameter): `invalid config for network n:
/// EndpointsConfig is nil`, `invalid config for network n: invalid endpoint settings:` and a line
/// for each thing that is wrong.
result<void> check_networks(const networking_config& networks);

/// True if all of `requested` (`0-2,4`) is in `available`. Errors (invalid_parameter): `invalid
/// format: x`, `value of out range, maximum is 8192`.
result<bool> is_cpuset_available(std::string_view requested, std::string_view available);

} // namespace gantry::container
