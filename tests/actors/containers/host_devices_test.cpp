#include "actors/containers/host_devices.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

using namespace gantry;
using namespace gantry::containers;
using gantry::test::temp_dir;
namespace fs = std::filesystem;

namespace {

void make_device(const temp_dir& dir, const std::string& name, mode_t mode, unsigned major,
                 unsigned minor) {
  fs::create_directories(fs::path{dir.file(name)}.parent_path());
  REQUIRE(::mknod(dir.file(name).c_str(), mode, makedev(major, minor)) == 0);
  REQUIRE(::chmod(dir.file(name).c_str(), mode & 07777) == 0);
}

std::vector<std::string> paths_of(const std::vector<container::device_node>& devices) {
  std::vector<std::string> out;
  for (const auto& device : devices)
    out.push_back(device.path);
  return out;
}

} // namespace

TEST_CASE("host_devices: a device is found, also by a link", "[actors][containers][root]") {
  const temp_dir dir;
  make_device(dir, "null", S_IFCHR | 0620, 1, 3);
  REQUIRE(::chown(dir.file("null").c_str(), 7, 8) == 0);
  fs::create_symlink("null", dir.file("link"));
  for (const char* name : {"null", "link"}) {
    CAPTURE(name);
    const auto found = find_devices_blocking({dir.file(name), "/dev/x", "rw"});
    REQUIRE(found.has_value());
    REQUIRE(found->size() == 1);
    CHECK(found->front() == container::device_node{.path = "/dev/x",
                                                   .type = 'c',
                                                   .number = {1, 3},
                                                   .mode = 0620,
                                                   .uid = 7,
                                                   .gid = 8,
                                                   .permissions = "rw"});
  }
  const auto same = find_devices_blocking({dir.file("null"), "", "r"});
  REQUIRE(same.has_value());
  CHECK(same->front().path == dir.file("null"));
}

TEST_CASE("host_devices: a directory stands for all devices in it", "[actors][containers][root]") {
  const temp_dir dir;
  make_device(dir, "d/b", S_IFBLK | 0600, 7, 0);
  make_device(dir, "d/sub/a", S_IFCHR | 0600, 1, 5);
  REQUIRE(::mkfifo(dir.file("d/fifo").c_str(), 0600) == 0);
  dir.write("d/file", "");
  fs::create_symlink("b", dir.file("d/link"));
  const auto found = find_devices_blocking({dir.file("d"), "/dev/x", "m"});
  REQUIRE(found.has_value());
  CHECK(paths_of(*found) == std::vector<std::string>{"/dev/x/b", "/dev/x/fifo", "/dev/x/sub/a"});
  CHECK(found->at(0).type == 'b');
  CHECK(found->at(1).type == 'p');
}

TEST_CASE("host_devices: what is no device says so in dockerd's words", "[actors][containers]") {
  const temp_dir dir;
  dir.write("file", "");
  fs::create_directory(dir.file("empty"));
  const auto error = [&](const std::string& path) {
    const auto found = find_devices_blocking({path, "/dev/x", "rwm"});
    return found ? std::string{} : found.error().message;
  };
  const std::string begin = "error gathering device information while adding custom device ";
  CHECK(error("/dev/not-there") == begin + "\"/dev/not-there\": no such file or directory");
  CHECK(error(dir.file("file")) == begin + '"' + dir.file("file") + "\": not a device node");
  CHECK(error(dir.file("empty")) == begin + '"' + dir.file("empty") + "\": not a device node");
}

TEST_CASE("host_devices: all devices but terminals and what is not for containers",
          "[actors][containers][root]") {
  const temp_dir dir;
  for (const char* name :
       {"null", "console", "pts/0", "net/tun", "shm/x", ".udev/x", "input/console"})
    make_device(dir, name, S_IFCHR | 0600, 1, 3);
  REQUIRE(::mkfifo(dir.file("initctl").c_str(), 0600) == 0);
  const auto found = find_all_devices_blocking(dir.path());
  CHECK(paths_of(found) == std::vector<std::string>{dir.file("net/tun"), dir.file("null")});
  for (const auto& device : found)
    CHECK(device.permissions == "rwm");
  CHECK_FALSE(find_all_devices_blocking().empty());
}

TEST_CASE("host_devices: block devices of limits", "[actors][containers][root]") {
  const temp_dir dir;
  make_device(dir, "disk", S_IFBLK | 0600, 254, 7);
  fs::create_symlink("disk", dir.file("link"));
  container::container_resources resources;
  resources.blkio_weight_device = std::vector<container::weight_device>{{dir.file("disk"), 100}};
  resources.blkio_device_write_iops =
      std::vector<container::throttle_device>{{dir.file("link"), 5}, {dir.file("gone"), 5}};
  const auto found = find_block_devices_blocking(resources);
  CHECK(found == std::map<std::string, container::device_number>{{dir.file("disk"), {254, 7}},
                                                                 {dir.file("link"), {254, 7}}});
}
