#pragma once

#include "protocol/oci/image_config.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What clients ask of a container (Engine API 1.24 to 1.51 ContainerCreate): plain values, in the
/// order in which Docker writes them. An `optional` stands where null and empty, or null and zero,
/// differ for Docker or are shown as they came.
namespace gantry::container {

using oci::string_list;

/// A list of which JSON knows two empty forms: null and `[]`.
template <class T>
using nullable_list = std::optional<std::vector<T>>;

using string_map = std::map<std::string, std::string>;
/// A map of which JSON knows two empty forms: null and `{}`.
using nullable_map = std::optional<string_map>;

/// What images say too: the process, its environment, streams, labels, health check. After
/// `merge` with an image's it is what runs.
using container_config = oci::run_config;

/// `LogConfig`.
struct log_config {
  std::string type; ///< `json-file`, `local`, `none`, ...; empty: the daemon's
  nullable_map config;

  friend bool operator==(const log_config&, const log_config&) = default;
};

/// When the daemon starts a container again.
struct restart_policy {
  std::string name; ///< `no`, `always`, `unless-stopped`, `on-failure`; empty: `no`
  std::int64_t maximum_retry_count = 0; ///< for `on-failure`; 0: no limit

  friend bool operator==(const restart_policy&, const restart_policy&) = default;
};

/// Where on the host a port is published.
struct port_binding {
  std::string host_ip;
  std::string host_port; ///< a port, a range `8000-8010`, or empty: any

  friend bool operator==(const port_binding&, const port_binding&) = default;
};

/// `80/tcp` -> where it is published. null: nowhere said, e.g. only exposed.
using port_map = std::map<std::string, nullable_list<port_binding>>;

/// A weight for one block device.
struct weight_device {
  std::string path;
  std::uint16_t weight = 0; ///< 10 to 1000

  friend bool operator==(const weight_device&, const weight_device&) = default;
};

/// A limit for one block device, in bytes or operations per second.
struct throttle_device {
  std::string path;
  std::uint64_t rate = 0;

  friend bool operator==(const throttle_device&, const throttle_device&) = default;
};

/// `--device`.
struct device_mapping {
  std::string path_on_host; ///< a device, or a directory of them
  std::string path_in_container;
  std::string cgroup_permissions; ///< of `rwm`

  friend bool operator==(const device_mapping&, const device_mapping&) = default;
};

/// `--gpus` and the like.
struct device_request {
  std::string driver;
  std::int64_t count = 0; ///< -1: all
  string_list device_ids;
  nullable_list<std::vector<std::string>> capabilities; ///< any of lists of all of
  nullable_map options;

  friend bool operator==(const device_request&, const device_request&) = default;
};

/// `--ulimit`. -1: no limit.
struct ulimit {
  std::string name; ///< `nofile`
  std::int64_t hard = 0;
  std::int64_t soft = 0;

  friend bool operator==(const ulimit&, const ulimit&) = default;
};

/// What a container may use; also what `POST /containers/{id}/update` changes. 0 or empty: no
/// limit, or the default. Sizes in bytes, CPU times in microseconds.
struct container_resources {
  std::int64_t cpu_shares = 0;
  std::int64_t memory = 0;
  std::int64_t nano_cpus = 0; ///< 1e-9 CPUs
  std::string cgroup_parent;
  std::uint16_t blkio_weight = 0; ///< 10 to 1000
  nullable_list<weight_device> blkio_weight_device;
  nullable_list<throttle_device> blkio_device_read_bps;
  nullable_list<throttle_device> blkio_device_write_bps;
  nullable_list<throttle_device> blkio_device_read_iops;
  nullable_list<throttle_device> blkio_device_write_iops;
  std::int64_t cpu_period = 0;
  std::int64_t cpu_quota = 0;
  std::int64_t cpu_realtime_period = 0;
  std::int64_t cpu_realtime_runtime = 0;
  std::string cpuset_cpus; ///< `0-2,4`
  std::string cpuset_mems;
  nullable_list<device_mapping> devices;
  string_list device_cgroup_rules; ///< `c 1:3 rwm`
  nullable_list<device_request> device_requests;
  std::int64_t kernel_memory = 0; ///< API < 1.42
  std::int64_t kernel_memory_tcp = 0;
  std::int64_t memory_reservation = 0;
  std::int64_t memory_swap = 0;                  ///< memory and swap together; -1: no limit
  std::optional<std::int64_t> memory_swappiness; ///< 0 to 100; none: the kernel's
  std::optional<bool> oom_kill_disable;
  std::optional<std::int64_t> pids_limit; ///< none: no limit
  nullable_list<ulimit> ulimits;
  std::int64_t cpu_count = 0;             ///< Windows
  std::int64_t cpu_percent = 0;           ///< Windows
  std::uint64_t io_maximum_iops = 0;      ///< Windows
  std::uint64_t io_maximum_bandwidth = 0; ///< Windows

  friend bool operator==(const container_resources&, const container_resources&) = default;
};

/// What only mounts of type `bind` have.
struct bind_options {
  std::string propagation; ///< `rprivate`, ...; empty: the default
  bool non_recursive = false;
  bool create_mountpoint = false;
  bool read_only_non_recursive = false;
  bool read_only_force_recursive = false;

  friend bool operator==(const bind_options&, const bind_options&) = default;
};

/// A volume driver and its options.
struct driver_config {
  std::string name;
  string_map options;

  friend bool operator==(const driver_config&, const driver_config&) = default;
};

/// What only mounts of type `volume` have.
struct volume_options {
  bool no_copy = false;
  string_map labels;
  std::string subpath;
  std::optional<container::driver_config> driver_config;

  friend bool operator==(const volume_options&, const volume_options&) = default;
};

/// What only mounts of type `image` have.
struct image_options {
  std::string subpath;

  friend bool operator==(const image_options&, const image_options&) = default;
};

/// What only mounts of type `tmpfs` have.
struct tmpfs_options {
  std::int64_t size_bytes = 0;
  std::uint32_t mode = 0;                        ///< permission bits
  std::vector<std::vector<std::string>> options; ///< `["exec"]`, `["key", "value"]`

  friend bool operator==(const tmpfs_options&, const tmpfs_options&) = default;
};

/// What only mounts of type `cluster` have: nothing.
struct cluster_options {
  friend bool operator==(const cluster_options&, const cluster_options&) = default;
};

/// One of `HostConfig.Mounts`.
struct mount_request {
  std::string type; ///< `bind`, `volume`, `tmpfs`, `image`, `npipe`, `cluster`
  std::string source;
  std::string target;
  bool read_only = false;
  std::string consistency;
  std::optional<container::bind_options> bind_options;
  std::optional<container::volume_options> volume_options;
  std::optional<container::image_options> image_options;
  std::optional<container::tmpfs_options> tmpfs_options;
  std::optional<container::cluster_options> cluster_options;

  friend bool operator==(const mount_request&, const mount_request&) = default;
};

/// How a container is run on this host.
struct host_config {
  string_list binds; ///< `SOURCE:TARGET[:MODE]`
  std::string container_id_file;
  container::log_config log_config;
  std::string network_mode; ///< `none`, `host`, `bridge`, `container:X`, a network
  std::optional<port_map> port_bindings;
  container::restart_policy restart_policy;
  bool auto_remove = false;
  std::string volume_driver;
  string_list volumes_from;                    ///< `CONTAINER[:MODE]`
  std::array<std::uint32_t, 2> console_size{}; ///< height, width
  nullable_map annotations;

  string_list cap_add;
  string_list cap_drop;
  std::string cgroupns_mode; ///< `private`, `host`
  string_list dns;
  string_list dns_options;
  string_list dns_search;
  string_list extra_hosts; ///< `NAME:ADDRESS`
  string_list group_add;
  std::string ipc_mode; ///< `private`, `shareable`, `none`, `host`, `container:X`
  std::string cgroup;
  string_list links; ///< `CONTAINER:ALIAS`
  std::int64_t oom_score_adj = 0;
  std::string pid_mode; ///< empty, `host`, `container:X`
  bool privileged = false;
  bool publish_all_ports = false;
  bool readonly_rootfs = false;
  string_list security_opt;
  nullable_map storage_opt;
  nullable_map tmpfs;        ///< target -> mount options
  std::string uts_mode;      ///< empty, `host`
  std::string userns_mode;   ///< empty, `host`
  std::int64_t shm_size = 0; ///< bytes
  nullable_map sysctls;
  std::string runtime;
  std::string isolation; ///< Windows

  container_resources resources;
  nullable_list<mount_request> mounts;
  string_list masked_paths;   ///< null: the default ones
  string_list readonly_paths; ///< null: the default ones
  std::optional<bool> init;   ///< none: as the daemon is set

  friend bool operator==(const host_config&, const host_config&) = default;
};

/// Addresses that a client wants in a network.
struct endpoint_ipam {
  std::string ipv4_address;
  std::string ipv6_address;
  std::vector<std::string> link_local_ips;

  friend bool operator==(const endpoint_ipam&, const endpoint_ipam&) = default;
};

/// A container in a network: what was asked for, and once it runs what it got.
struct endpoint_settings {
  std::optional<endpoint_ipam> ipam_config;
  string_list links;
  string_list aliases;
  std::string mac_address;
  nullable_map driver_opts;
  std::int64_t gw_priority = 0;

  std::string network_id;
  std::string endpoint_id;
  std::string gateway;
  std::string ip_address;
  std::int64_t ip_prefix_len = 0;
  std::string ipv6_gateway;
  std::string global_ipv6_address;
  std::int64_t global_ipv6_prefix_len = 0;
  string_list dns_names;

  friend bool operator==(const endpoint_settings&, const endpoint_settings&) = default;
};

/// A container in its networks, by their names.
using endpoint_map = std::map<std::string, endpoint_settings>;

/// `NetworkingConfig`: network -> settings; none: null was sent for it.
struct networking_config {
  std::map<std::string, std::optional<endpoint_settings>> endpoints;

  friend bool operator==(const networking_config&, const networking_config&) = default;
};

/// The body of `POST /containers/create`.
struct create_request {
  container_config config;
  container::host_config host_config;
  container::networking_config networking_config;

  friend bool operator==(const create_request&, const create_request&) = default;
};

} // namespace gantry::container
