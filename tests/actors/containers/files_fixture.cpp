#include "tests/actors/containers/files_fixture.hpp"

#include "actors/containers/container_files.hpp"
#include "actors/containers/mount_table.hpp"
#include "actors/host/children.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>

#include <algorithm>
#include <utility>

namespace gantry::test {

namespace fs = std::filesystem;
using namespace gantry::containers;

std::vector<std::string> mount_dir::mounts() const {
  std::vector<std::string> out;
  const auto table = read_mount_table();
  if (table)
    for (const auto& mount : *table)
      if (mount.point == path() || mount.point.starts_with(path() + '/'))
        out.push_back(mount.point);
  return out;
}

void mount_dir::unmount() const {
  auto places = mounts();
  std::reverse(places.begin(), places.end());
  for (const auto& place : places)
    ::umount2(place.c_str(), MNT_DETACH);
}

container_place::container_place()
    : paths(file("data"), path(), // an exec root with room for sockets
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef") {
  fs::create_directories(file("data"));
  host_config.network_mode = "host";
  host_config.ipc_mode = "private";
  host_config.cgroupns_mode = "host";
  host_config.shm_size = 64 << 20;
  host_config.log_config.type = "json-file";
  config.hostname = "web";
}

fs::path container_place::add_layer() {
  const fs::path tree = file("layers/" + std::to_string(layers.trees.size()) + "/diff");
  fs::create_directories(tree);
  layers.trees.push_back(tree);
  return tree;
}

void container_place::add_busybox() {
  const auto tree = add_layer();
  fs::create_directory(tree / "bin");
  fs::copy_file("/usr/bin/busybox", tree / "bin/busybox");
  for (const char* name : {"sh", "cat", "id", "ls", "pwd", "hostname", "stat", "touch", "grep"})
    fs::create_symlink("busybox", tree / "bin" / name);
}

start_input container_place::input(const std::string& program,
                                   const std::vector<std::string>& args) const {
  static const auto host = std::make_shared<const container_host>(probe_container_host());
  static const auto runc =
      std::make_shared<const oci_runtime>(probe_runtime_blocking("runc", "/usr/sbin/runc"));
  return {.paths = paths,
          .layers = layers,
          .name = "/web",
          .image_id = "sha256:fedcba9876543210",
          .path = program,
          .args = args,
          .config = std::make_shared<const container::container_config>(config),
          .host_config = std::make_shared<const container::host_config>(host_config),
          .mounts = {},
          .image_mounts = {},
          .host = host,
          .daemon = std::make_shared<const container::daemon_facts>(host->facts),
          .runtime = runc,
          .settings = {},
          .network = {},
          .ipc = {},
          .pid_donor = 0,
          .network_namespace = {},
          .link_environment = {},
          .link_hosts = {},
          .addresses = {}};
}

void create(const container_place& place, const std::vector<container::mount_point>& mounts,
            const std::string& working_dir) {
  const auto made =
      create_container_files_blocking({place.paths, place.layers, mounts, working_dir});
  INFO((made ? "" : made.error().message));
  REQUIRE(made.has_value());
}

std::string run_bundle(const container_place& place, const prepared_start& prepared) {
  host::child_command command;
  command.argv = {prepared.monitor.runtime};
  command.argv.insert(command.argv.end(), prepared.monitor.runtime_args.begin(),
                      prepared.monitor.runtime_args.end());
  command.argv.insert(command.argv.end(),
                      {"run", "--bundle", prepared.monitor.bundle, prepared.monitor.id});
  const auto ran = host::run_child(command);
  INFO((ran ? ran->out + ran->err : ran.error().message));
  INFO(place.read("containers/" + place.paths.id() + "/bundle/config.json"));
  REQUIRE(ran.has_value());
  REQUIRE(ran->exit.success());
  return ran->out + ran->err;
}

} // namespace gantry::test
