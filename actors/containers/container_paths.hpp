#pragma once

#include "protocol/monitor/log_files.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace gantry::containers {

/// Where everything of a container is; every such path is built here.
///
///     DATA_ROOT/containers/ID/      0710   what outlives a restart of the machine
///       upper/                      what the container has changed (overlay)
///       work/                       overlayfs's own
///       init/                       what is the same in all containers: empty /etc/hosts, ...
///       merged/                     its root, while mounted; with the copy driver always there
///       base-size                   copy driver: bytes of the root when it was made
///       hostname, hosts, resolv.conf
///       shm/                        /dev/shm of IpcMode `shareable`, while mounted
///       mounts/N                    parts of volumes and images, while mounted
///       ID-json.log                 log of json-file
///       local-logs/container.log    log of local
///
///     EXEC_ROOT/containers/ID/      0700   what the next boot need not find
///       bundle/config.json          for the runtime
///       control.sock, console.sock  the monitor's
///       pid, runtime.log, exit      see `monitor::settings`
///       monitor.settings
///
///     EXEC_ROOT/runtime/NAME/       `--root` of the OCI runtime that is called NAME
class container_paths {
public:
  using path = std::filesystem::path;

  /// Both roots are absolute; a slash at their end does not count. `id`: 64 digits.
  container_paths(const path& data_root, const path& exec_root, std::string id)
      : id_(std::move(id)), exec_root_(without_slash(exec_root)),
        directory_(containers(without_slash(data_root)) / id_),
        exec_directory_(containers(exec_root_) / id_) {}

  /// The directory of all containers below a root.
  static path containers(const path& root) { return root / "containers"; }

  const std::string& id() const noexcept { return id_; }

  const path& directory() const noexcept { return directory_; }
  path upper() const { return directory_ / "upper"; }
  path work() const { return directory_ / "work"; }
  path init() const { return directory_ / "init"; }
  path merged() const { return directory_ / "merged"; }
  path base_size() const { return directory_ / "base-size"; }
  path hostname() const { return directory_ / "hostname"; }
  path hosts() const { return directory_ / "hosts"; }
  path resolv_conf() const { return directory_ / "resolv.conf"; }
  path shm() const { return directory_ / "shm"; }
  /// Holds one mount per name.
  path mounts() const { return directory_ / "mounts"; }
  /// Empty for the driver none.
  path log_file(monitor::log_driver driver) const;

  const path& exec_directory() const noexcept { return exec_directory_; }
  path bundle() const { return exec_directory_ / "bundle"; }
  path config() const { return bundle() / "config.json"; }
  path control_socket() const { return exec_directory_ / "control.sock"; }
  path console_socket() const { return exec_directory_ / "console.sock"; }
  path pid_file() const { return exec_directory_ / "pid"; }
  path runtime_log() const { return exec_directory_ / "runtime.log"; }
  path exit_file() const { return exec_directory_ / "exit"; }
  path monitor_settings() const { return exec_directory_ / "monitor.settings"; }

  /// `--root` of a runtime. `name`: as in `--runtime`.
  path runtime_root(std::string_view name) const { return exec_root_ / "runtime" / name; }

private:
  static path without_slash(const path& root) {
    return root.has_filename() ? root : root.parent_path();
  }

  std::string id_;
  path exec_root_;
  path directory_;
  path exec_directory_;
};

} // namespace gantry::containers
