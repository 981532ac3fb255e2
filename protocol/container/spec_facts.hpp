#pragma once

#include "protocol/container/capabilities.hpp"
#include "protocol/container/devices.hpp"
#include "protocol/container/user_database.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace gantry::container {

/// How a mount of the host spreads (mountinfo(5): `shared:N`, `master:N`).
enum class mount_propagation : std::uint8_t { none, slave, shared };

/// A mount of the user's (bind, volume or tmpfs) whose source is found; see `resolve_mounts`.
struct resolved_mount {
  std::string type = "bind"; ///< `bind` or `tmpfs`
  std::string source{};      ///< on the host, absolute; unused for a tmpfs
  std::string destination{}; ///< in the container, absolute and clean
  bool read_only = false;    ///< of a bind; a tmpfs says `ro` in its options
  /// With `read_only`: mounts below it are read-only too. For kernels (5.12) and runtimes that can.
  bool recursive_read_only = false;
  bool non_recursive = false; ///< without the mounts below the source
  /// `rprivate` (Docker's for binds), `shared`, ...; empty for volumes.
  std::string propagation{};
  /// For the propagations `shared` and `slave`: how the host's mount spreads that `source` is on,
  /// and where it is.
  mount_propagation source_propagation = mount_propagation::none;
  std::string source_mount_point{};
  /// Nobody asked for that propagation: it is no error if the source's mount does not spread.
  bool optional_propagation = false;
  /// A tmpfs: its mount options, `size=64m,exec`, as HostConfig.Tmpfs and `tmpfs_mount_options`
  /// have them. Docker's own give way to them.
  std::string tmpfs_options{};
};

/// Namespaces to join instead of making or sharing one: `/proc/PID/ns/net`. Empty: what the mode
/// says.
struct namespace_paths {
  std::string network;
  std::string pid;
  std::string ipc;
};

/// A limit of a process (setrlimit(2)).
struct resource_limit {
  static constexpr std::uint64_t unlimited = UINT64_MAX;

  std::string name; ///< `nofile`
  std::uint64_t soft = unlimited;
  std::uint64_t hard = unlimited;

  friend bool operator==(const resource_limit&, const resource_limit&) = default;
};

/// A version of the kernel: 6.1.
struct kernel_version {
  unsigned major = 0;
  unsigned minor = 0;

  friend auto operator<=>(const kernel_version&, const kernel_version&) = default;
};

/// What the daemon knows and holds; the same for all of its containers.
struct daemon_facts {
  int cgroup_version = 2;
  capability_set capabilities; ///< its own bounding set
  /// Limits of all containers unless HostConfig.Ulimits says otherwise.
  std::vector<resource_limit> default_limits;
  /// The highest value that the daemon can set, by name; absent: any. Defaults are cut to it, what
  /// the user asks for beyond it is refused.
  std::map<std::string, std::uint64_t> highest_limits;
  std::string architecture = "amd64"; ///< Docker's word (GOARCH)
  kernel_version kernel;
  bool seccomp = true; ///< the kernel filters system calls
  /// Of the architectures that a kernel of ours may take calls of, those that this one does not:
  /// `SCMP_ARCH_X32`.
  std::vector<std::string> absent_architectures{};
  /// The profile of those who ask for none: empty for the built-in one, `unconfined`, or its JSON.
  std::string seccomp_profile;
  bool no_new_privileges = false; ///< of those who do not say
  bool apparmor = false;          ///< the kernel confines by profiles of AppArmor
  std::string apparmor_profile{}; ///< of those who ask for none, and are not privileged
  /// The network namespace knows net.ipv4.ping_group_range and
  /// net.ipv4.ip_unprivileged_port_start (Linux 3.0 and 4.11).
  bool ping_group_range = true;
  bool unprivileged_port_start = true;
  /// The `thermal_throttle` directories of the CPUs in /sys, which have to be out of sight.
  std::vector<std::string> thermal_throttle_paths;
};

/// What the daemon has found out and set up for one container.
struct spec_facts {
  std::string id;       ///< 64 digits
  std::string rootfs;   ///< the mounted root, absolute on the host
  std::string hostname; ///< the host's in the host's UTS namespace, else its own
  /// `/docker/ID`, or `system.slice:docker:ID` under systemd.
  std::string cgroups_path;
  process_user user;
  std::string path;              ///< the program, as the user wrote it
  std::vector<std::string> args; ///< its arguments
  /// Variables of legacy links: `DB_PORT=tcp://172.17.0.2:5432`.
  std::vector<std::string> link_environment;

  /// The files that the daemon makes for a container, on the host; empty: none of that name. They
  /// give way to a mount of the user's.
  std::string hosts_file;
  std::string hostname_file;
  std::string resolv_conf_file;
  /// The init program on the host if there is to be one (HostConfig.Init, the daemon's default).
  /// Without effect if the process is not the first of its own PID namespace.
  std::string init_program;
  /// The directory on the host that is /dev/shm: with IpcMode `shareable` the container's own, with
  /// `container:X` that of X. Unused with the others.
  std::string shm_directory;

  namespace_paths namespaces;
  std::vector<resolved_mount> mounts;

  /// HostConfig.Devices as found on the host, directories with all that is in them.
  std::vector<device_node> devices;
  /// All devices of the host; for privileged containers.
  std::vector<device_node> host_devices;
  /// The block devices that HostConfig.Blkio... name, by path.
  std::map<std::string, device_number> block_devices;
};

} // namespace gantry::container
