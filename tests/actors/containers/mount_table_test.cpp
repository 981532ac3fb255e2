#include "actors/containers/mount_table.hpp"
#include "tests/actors/containers/files_fixture.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>

#include <filesystem>

using namespace gantry;
using namespace gantry::containers;
using container::mount_propagation;

TEST_CASE("mount_table: lines of mountinfo are read", "[actors][containers]") {
  const auto mounts =
      parse_mount_table("27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n"
                        "42 27 254:0 /a\\040b /x\\134y\\011 rw shared:1 - ext4 /dev/vda rw\n"
                        "43 27 0:4 / /s rw master:7 propagate_from:2 - tmpfs none rw\n"
                        "44 27 0:4 / /both rw shared:3 master:7 - tmpfs none rw\n"
                        "45 27 0:4 / /hidden rw unbindable - cgroup - rw,cpu,cpuacct\n");
  REQUIRE(mounts.size() == 5);
  CHECK(mounts[0].id == 27);
  CHECK(mounts[0].point == "/");
  CHECK(mounts[0].propagation == mount_propagation::none);
  CHECK(mounts[1].root == "/a b");
  CHECK(mounts[1].point == "/x\\y\t");
  CHECK(mounts[1].propagation == mount_propagation::shared);
  CHECK(mounts[2].propagation == mount_propagation::slave);
  CHECK(mounts[3].propagation == mount_propagation::shared);
  CHECK(mounts[4].type == "cgroup");
  CHECK(mounts[4].options == "rw,cpu,cpuacct");
}

TEST_CASE("mount_table: lines that make no sense are left out", "[actors][containers]") {
  for (const char* line : {"", "\n", "x 1 2 / / rw - ext4 a rw\n", "27 1 254:0 / / rw\n",
                           "27 1 254:0 / / rw shared:1\n", "27 1 254:0 / / rw - \n", "27\n"}) {
    CAPTURE(line);
    CHECK(parse_mount_table(line).empty());
  }
}

TEST_CASE("mount_table: the mounts of cgroup hierarchies", "[actors][containers]") {
  const auto mounts = parse_mount_table("1 0 0:1 / /a rw - cgroup - rw,cpu,cpuacct\n"
                                        "2 0 0:2 / /b rw - cgroup2 - rw\n"
                                        "3 0 0:3 / /c rw - tmpfs - rw,memory\n"
                                        "4 0 0:4 / /d rw - cgroup - rw,name=systemd\n");
  CHECK(find_cgroup_mount(mounts, "cpuacct") == &mounts[0]);
  CHECK(find_cgroup_mount(mounts, "") == &mounts[1]);
  CHECK(find_cgroup_mount(mounts, "name=systemd") == &mounts[3]);
  CHECK(find_cgroup_mount(mounts, "memory") == nullptr);
}

TEST_CASE("mount_table: the mount of a path is found through links and nested mounts",
          "[actors][containers][root]") {
  const test::mount_dir dir;
  std::filesystem::create_directories(dir.file("m/a"));
  std::filesystem::create_symlink(dir.file("m/a"), dir.file("link"));
  REQUIRE(::mount("one", dir.file("m").c_str(), "tmpfs", 0, nullptr) == 0);
  std::filesystem::create_directories(dir.file("m/a/b"));
  REQUIRE(::mount(nullptr, dir.file("m").c_str(), nullptr, MS_SHARED, nullptr) == 0);
  REQUIRE(::mount("two", dir.file("m/a").c_str(), "tmpfs", 0, nullptr) == 0);
  REQUIRE(::mount(nullptr, dir.file("m/a").c_str(), nullptr, MS_PRIVATE, nullptr) == 0);
  const auto outer = find_mount_of(dir.file("m"));
  REQUIRE(outer.has_value());
  CHECK(outer->point == dir.file("m"));
  CHECK(outer->propagation == mount_propagation::shared);
  const auto inner = find_mount_of(dir.file("link"));
  REQUIRE(inner.has_value());
  CHECK(inner->point == dir.file("m/a"));
  CHECK(inner->propagation == mount_propagation::none);
  const auto nothing = find_mount_of(dir.file("gone"));
  REQUIRE(nothing.has_error());
  CHECK(nothing.error().kind == errc::not_found);
}
