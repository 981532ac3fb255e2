#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace gantry::containers {

/// Where everything of an exec is; every such path is built here.
///
///     EXEC_ROOT/execs/ID/           0700   not below its container: sockets have short paths
///       process.json                for the runtime
///       control.sock, console.sock  the monitor's
///       pid, runtime.log, exit      see `monitor::settings`
///       monitor.settings
///       record                      what the next daemon has to know of it
class exec_paths {
public:
  using path = std::filesystem::path;

  /// `exec_root` is absolute; `id`: 64 digits.
  exec_paths(const path& exec_root, std::string id)
      : id_(std::move(id)), directory_(all(exec_root) / id_) {}

  /// The directory of all execs.
  static path all(const path& exec_root) { return exec_root / "execs"; }

  const std::string& id() const noexcept { return id_; }
  const path& directory() const noexcept { return directory_; }
  std::string process() const { return file("process.json"); }
  std::string control_socket() const { return file("control.sock"); }
  std::string console_socket() const { return file("console.sock"); }
  std::string pid_file() const { return file("pid"); }
  std::string runtime_log() const { return file("runtime.log"); }
  std::string exit_file() const { return file("exit"); }
  std::string monitor_settings() const { return file("monitor.settings"); }
  std::string record() const { return file("record"); }

private:
  std::string file(std::string_view name) const { return directory_ / name; }

  std::string id_;
  path directory_;
};

} // namespace gantry::containers
