#pragma once

#include "actors/containers/container_host.hpp"
#include "actors/containers/container_paths.hpp"
#include "actors/containers/network_files.hpp"
#include "actors/containers/root_mount.hpp"
#include "protocol/container/config.hpp"
#include "protocol/container/mount_point.hpp"
#include "protocol/container/spec_facts.hpp"
#include "protocol/error.hpp"
#include "protocol/monitor/settings.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gantry::containers {

/// What the operator has decided for all containers.
struct start_settings {
  bool init = false;         ///< of those who do not say (HostConfig.Init)
  std::string init_program;  ///< path on the host; empty: there is none
  std::string cgroup_parent; ///< of those who do not say; empty: `/docker`
  dns_settings dns;
  std::string host_gateway_ip; ///< what `--add-host x:host-gateway` means; empty: unknown
  /// How long one call of the runtime may take.
  std::chrono::milliseconds runtime_deadline = std::chrono::seconds{60};
};

/// A running container whose namespaces another one shares.
struct network_donor {
  std::int32_t pid = 0;
  name_files files; ///< shared too
};
struct ipc_donor {
  std::int32_t pid = 0;
  std::string shm_directory;
};

/// A container that is to be started. `config`, `host_config`, `host` and `runtime` are not null.
struct start_input {
  container_paths paths;
  root_layers layers;
  std::string name;     ///< `/web`
  std::string image_id; ///< `sha256:...`
  std::string path;     ///< the program
  std::vector<std::string> args;
  std::shared_ptr<const container::container_config> config;
  std::shared_ptr<const container::host_config> host_config;
  std::vector<container::mount_point> mounts; ///< volumes have their directories
  /// Of mounts of type image, by destination: the layers of that image.
  std::map<std::string, root_layers> image_mounts;

  std::shared_ptr<const container_host> host;
  /// `host->facts` with what the operator decides.
  std::shared_ptr<const container::daemon_facts> daemon;
  std::shared_ptr<const oci_runtime> runtime;
  start_settings settings;

  /// The running containers of the modes `container:X`.
  std::optional<network_donor> network;
  std::optional<ipc_donor> ipc;
  std::int32_t pid_donor = 0;
  /// A network namespace to join (another mode than `container:X`); empty: as the mode says.
  std::string network_namespace;
  std::vector<std::string> link_environment; ///< `DB_PORT=tcp://172.17.0.2:5432`
  std::vector<host_entry> link_hosts;        ///< lines for /etc/hosts behind --add-host
  std::vector<std::string> addresses;        ///< its own, which get its name in /etc/hosts
};

/// A container of which everything is ready for `launch_monitor`.
struct prepared_start {
  monitor::settings monitor;
  name_files files;             ///< its own, or those of whose network it shares
  container::process_user user; ///< of its process
  std::string shm_directory;    ///< what others may share; empty: nothing
  std::vector<std::string> warnings;
};

/// Makes a container ready: mounts its root, writes its files, finds its user, devices and what is
/// to be mounted, and writes config.json. The directory below the exec root is made afresh. What
/// fails is undone. Takes as long as the disk does.
///
/// Errors are all of kind system, as Docker's are at this point: those of `mount_root_blocking`,
/// `container::find_user`, `prepare_mounts_blocking`, `find_devices_blocking`,
/// `container::build_runtime_spec`, `log_attributes`, in these words; of the file system.
result<prepared_start> prepare_start_blocking(const start_input& input);

} // namespace gantry::containers
