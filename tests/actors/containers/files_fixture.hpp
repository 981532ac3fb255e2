#pragma once

#include "actors/containers/container_paths.hpp"
#include "actors/containers/root_mount.hpp"
#include "actors/containers/start_preparation.hpp"
#include "tests/support/temp_dir.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace gantry::test {

/// A temporary directory in which things may be mounted: at the end they are unmounted, before it
/// is deleted.
class mount_dir {
public:
  mount_dir() = default;
  mount_dir(mount_dir&&) = delete;
  ~mount_dir() { unmount(); }

  const std::string& path() const noexcept { return dir_.path(); }
  std::string file(const std::string& name) const { return dir_.file(name); }
  std::string write(const std::string& name, const std::string& content) const {
    return dir_.write(name, content);
  }
  std::string read(const std::string& name) const { return dir_.read(name); }
  bool has(const std::string& name) const { return dir_.has(name); }

  /// The places below on which something is mounted, in order.
  std::vector<std::string> mounts() const;
  /// Unmounts all of them.
  void unmount() const;

private:
  temp_dir dir_;
};

/// Roots of a daemon with an image of some layers, and one container of it.
class container_place : public mount_dir {
public:
  container_place();

  /// Adds a layer on top of the others; returns its tree.
  std::filesystem::path add_layer();
  /// Adds one with busybox in it, in which `sh` and `cat` can be run.
  void add_busybox();

  /// What a start of the container needs: `path` and `args` run in it. The network is the host's
  /// unless it is changed.
  containers::start_input input(const std::string& program,
                                const std::vector<std::string>& args) const;
  /// As `start_input::host_config` and `config`, to be changed before the start.
  container::host_config host_config;
  container::container_config config;

  containers::container_paths paths;
  containers::root_layers layers;
};

/// Makes the container of `place`; fails the test if that fails.
void create(const container_place& place, const std::vector<container::mount_point>& mounts = {},
            const std::string& working_dir = {});

/// Runs the container whose bundle was prepared with `runc run`, at most for ten seconds: what it
/// says, both outputs. Fails the test if runc fails.
std::string run_bundle(const container_place& place, const containers::prepared_start& prepared);

} // namespace gantry::test
