#pragma once

#include "protocol/container/config.hpp"
#include "protocol/container/mount_point.hpp"
#include "protocol/oci/time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::container {

/// Where a container stands (section 9.1).
enum class container_status : std::uint8_t {
  created,
  running,
  paused,
  restarting, ///< it ended, and waits for being started again
  removing,
  exited,
  dead, ///< its removal failed
};

/// `created`, `running`, ...
std::string_view to_string(container_status status) noexcept;

/// Reads it back.
std::optional<container_status> parse_container_status(std::string_view text) noexcept;

/// True for running, paused and restarting: what `State.Running` says.
bool is_running(container_status status) noexcept;

/// One run of a health check.
struct health_result {
  oci::instant start;
  oci::instant end;
  std::int64_t exit_code = 0; ///< 0 healthy; -1: it could not be run or took too long
  std::string output;         ///< at most 4096 bytes

  friend bool operator==(const health_result&, const health_result&) = default;
};

/// How healthy a container is.
struct health_view {
  std::string status = "unhealthy"; ///< `starting`, `healthy`, `unhealthy`
  std::int64_t failing_streak = 0;
  std::vector<health_result> log; ///< the last five, oldest first

  friend bool operator==(const health_view&, const health_view&) = default;
};

/// What `State` shows.
struct state_view {
  container_status status = container_status::created;
  bool oom_killed = false;
  std::int64_t pid = 0; ///< 0 unless running
  std::int64_t exit_code = 0;
  std::string error; ///< why the last start failed
  oci::instant started_at = oci::zero_instant;
  oci::instant finished_at = oci::zero_instant;
  std::optional<health_view> health; ///< none: there is no health check

  friend bool operator==(const state_view&, const state_view&) = default;
};

/// What `NetworkSettings` shows.
struct network_view {
  std::string sandbox_id;
  std::string sandbox_key; ///< path of the network namespace
  port_map ports;          ///< while it runs: exposed and published ones
  endpoint_map networks;
};

/// One moment of a container, never changed: what listings and inspect are made of. Config and
/// HostConfig are those after create's merge and defaults, shared by all moments; never null.
struct container_view {
  std::string id; ///< 64 digits
  oci::instant created;
  std::string path; ///< the program
  std::vector<std::string> args;
  state_view state;
  std::string image_id; ///< `sha256:...`; empty for none
  /// Diff ids of the layers that it is made on, base to top, as all moments have them; null: none.
  std::shared_ptr<const std::vector<std::string>> layers;
  std::string resolv_conf_path;
  std::string hostname_path;
  std::string hosts_path;
  std::string log_path;
  std::string name;                     ///< `/web`
  std::vector<std::string> other_names; ///< of legacy links: `/parent/alias`
  std::int64_t restart_count = 0;
  std::string driver; ///< of the root: `overlay2`
  std::string platform = "linux";
  std::string mount_label;
  std::string process_label;
  std::string apparmor_profile;
  string_list exec_ids;
  string_list links; ///< resolved: `/child:/parent/alias`
  std::shared_ptr<const container_config> config;
  std::shared_ptr<const container::host_config> host_config;
  nullable_map graph_data; ///< of the root's driver: `MergedDir`, ...
  std::vector<mount_point> mounts;
  network_view network;
};

/// Bytes on the disk, counted only when asked for.
struct container_sizes {
  std::int64_t writable = 0; ///< the container's own layer
  std::int64_t root = 0;     ///< all layers
};

/// What people read in `docker ps`: `Up 5 minutes (healthy)`, `Exited (0) 2 hours ago`, ... at the
/// time `now` (section 9.2).
std::string human_status(const state_view& state, const oci::instant& now);

/// `About a minute`, `3 weeks`: a time span as people read it.
std::string human_duration(std::int64_t nanoseconds);

} // namespace gantry::container
