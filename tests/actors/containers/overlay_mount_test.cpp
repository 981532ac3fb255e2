#include "actors/containers/mount_table.hpp"
#include "actors/containers/overlay_mount.hpp"
#include "actors/host/unique_fd.hpp"
#include "tests/actors/containers/files_fixture.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/mount.h>

#include <algorithm>
#include <filesystem>
#include <string>

using namespace gantry;
using namespace gantry::containers;
using namespace gantry::test;
namespace fs = std::filesystem;

namespace {

/// An overlay of `count` layers below `base`, each with a file of its own and one that all have.
overlay make_layers(const mount_dir& dir, const std::string& base, int count) {
  overlay out{.upper = dir.file(base + "/upper"), .work = dir.file(base + "/work")};
  for (int i = 0; i < count; ++i) {
    const auto tree = base + "/layers/" + std::string(64, 'f') + std::to_string(i) + "/diff";
    dir.write(tree + "/file" + std::to_string(i), std::to_string(i));
    dir.write(tree + "/all", std::to_string(i));
    out.lowers.insert(out.lowers.begin(), dir.file(tree));
  }
  for (const auto& path : {out.upper, out.work, fs::path{dir.file(base + "/merged")}})
    fs::create_directories(path);
  return out;
}

std::string error_of(const result<void>& outcome) {
  return outcome ? std::string{} : outcome.error().message;
}

std::string options_of_mount(const std::string& place) {
  const auto found = find_mount_of(place);
  return found ? found->options : found.error().message;
}

} // namespace

TEST_CASE("overlay_mount: any number of layers", "[actors][containers][root]") {
  for (const int count : {1, 3, 120}) {
    CAPTURE(count);
    const mount_dir dir;
    const auto what = make_layers(dir, "c", count);
    const auto place = dir.file("c/merged");
    REQUIRE(error_of(mount_overlay_blocking(what, place)) == "");
    CHECK(is_mounted(place));
    for (int i = 0; i < count; ++i)
      CHECK(dir.read("c/merged/file" + std::to_string(i)) == std::to_string(i));
    CHECK(dir.read("c/merged/all") == std::to_string(count - 1));
    dir.write("c/merged/new", "x");
    CHECK(dir.read("c/upper/new") == "x");
    REQUIRE(error_of(unmount_blocking(place)) == "");
    CHECK_FALSE(is_mounted(place));
    CHECK(fs::is_empty(place));
  }
}

TEST_CASE("overlay_mount: few layers are called by their paths", "[actors][containers][root]") {
  const mount_dir dir;
  const auto what = make_layers(dir, "c", 3);
  REQUIRE(mount_overlay_blocking(what, dir.file("c/merged")).has_value());
  CHECK(options_of_mount(dir.file("c/merged")).find("upperdir=" + what.upper.native()) !=
        std::string::npos);
}

TEST_CASE("overlay_mount: paths with signs that mean something to overlayfs",
          "[actors][containers][root]") {
  for (const char* name : {"a:b", "a,b", "a\\b", "a b", "a\\:b,c=d", "a\\,"}) {
    CAPTURE(name);
    const mount_dir dir;
    const auto what = make_layers(dir, name, 2);
    const auto place = dir.file(std::string{name} + "/merged");
    REQUIRE(error_of(mount_overlay_blocking(what, place)) == "");
    CHECK(dir.read(std::string{name} + "/merged/file0") == "0");
    CHECK(error_of(unmount_blocking(place)) == "");
  }
}

TEST_CASE("overlay_mount: without an upper it is read-only", "[actors][containers][root]") {
  const mount_dir dir;
  auto what = make_layers(dir, "c", 2);
  what.upper.clear();
  REQUIRE(error_of(mount_overlay_blocking(what, dir.file("c/merged"))) == "");
  CHECK(dir.read("c/merged/file1") == "1");
  CHECK(::open(dir.file("c/merged/x").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600) == -1);
}

TEST_CASE("overlay_mount: one that was not durable is mounted again in any way",
          "[actors][containers][root]") {
  const mount_dir dir;
  auto what = make_layers(dir, "c", 1);
  const auto place = dir.file("c/merged");
  for (const bool durable : {false, false, true, false}) {
    CAPTURE(durable);
    what.durable = durable;
    REQUIRE(error_of(mount_overlay_blocking(what, place)) == "");
    CHECK((options_of_mount(place).find("volatile") != std::string::npos) == !durable);
    dir.write("c/merged/x", "y");
    REQUIRE(error_of(unmount_blocking(place)) == "");
  }
}

TEST_CASE("overlay_mount: what cannot be mounted says why", "[actors][containers][root]") {
  const mount_dir dir;
  auto what = make_layers(dir, "c", 1);
  const auto nowhere = mount_overlay_blocking(what, dir.file("nowhere"));
  CHECK(error_of(nowhere) == "mount '" + dir.file("nowhere") + "': No such file or directory");
  what.lowers.assign(2, dir.file("a:gone"));
  CHECK(error_of(mount_overlay_blocking(what, dir.file("c/merged"))) ==
        "open '" + dir.file("a:gone") + "': No such file or directory");
  what.lowers.assign(600, dir.file("c/upper"));
  CHECK(error_of(mount_overlay_blocking(what, dir.file("c/merged"))) ==
        "mount: 600 layers are too many");
  CHECK(dir.mounts().empty());
}

TEST_CASE("overlay_mount: unmounting takes away all that lies on a place, and nothing is fine",
          "[actors][containers][root]") {
  const mount_dir dir;
  fs::create_directory(dir.file("m"));
  CHECK(unmount_blocking(dir.file("m")).has_value());
  CHECK(unmount_blocking(dir.file("gone")).has_value());
  REQUIRE(::mount("one", dir.file("m").c_str(), "tmpfs", 0, nullptr) == 0);
  REQUIRE(::mount("two", dir.file("m").c_str(), "tmpfs", 0, nullptr) == 0);
  CHECK(unmount_blocking(dir.file("m")).has_value());
  CHECK_FALSE(is_mounted(dir.file("m")));
}

TEST_CASE("overlay_mount: what stays in use is detached", "[actors][containers][root]") {
  const mount_dir dir;
  fs::create_directory(dir.file("m"));
  REQUIRE(::mount("one", dir.file("m").c_str(), "tmpfs", 0, nullptr) == 0);
  dir.write("m/file", "still here");
  const host::unique_fd user{::open(dir.file("m/file").c_str(), O_RDONLY | O_CLOEXEC)};
  CHECK(error_of(unmount_blocking(dir.file("m"))) == "");
  CHECK_FALSE(is_mounted(dir.file("m")));
  char first = 0;
  CHECK(::read(user.get(), &first, 1) == 1);
  CHECK(first == 's');
}

TEST_CASE("overlay_mount: a link to a mount is not followed", "[actors][containers][root]") {
  const mount_dir dir;
  fs::create_directory(dir.file("m"));
  fs::create_directory_symlink(dir.file("m"), dir.file("link"));
  REQUIRE(::mount("one", dir.file("m").c_str(), "tmpfs", 0, nullptr) == 0);
  CHECK(unmount_blocking(dir.file("link")).has_value());
  CHECK(is_mounted(dir.file("m")));
}

TEST_CASE("overlay_mount: mounts do not spread from a place that was made private",
          "[actors][containers][root]") {
  const mount_dir dir;
  fs::create_directories(dir.file("host"));
  fs::create_directories(dir.file("peer"));
  REQUIRE(::mount("host", dir.file("host").c_str(), "tmpfs", 0, nullptr) == 0);
  REQUIRE(::mount(nullptr, dir.file("host").c_str(), nullptr, MS_SHARED, nullptr) == 0);
  fs::create_directories(dir.file("host/data/open"));
  // What another mount namespace would have.
  REQUIRE(::mount(dir.file("host").c_str(), dir.file("peer").c_str(), nullptr, MS_BIND, nullptr) ==
          0);
  REQUIRE(make_private_blocking(dir.file("host/data")).has_value());
  const auto before = dir.mounts();
  REQUIRE(make_private_blocking(dir.file("host/data")).has_value()); // nothing more to do
  CHECK(dir.mounts() == before);

  REQUIRE(::mount("x", dir.file("host/data/open").c_str(), "tmpfs", 0, nullptr) == 0);
  CHECK(is_mounted(dir.file("host/data/open")));
  CHECK_FALSE(is_mounted(dir.file("peer/data/open")));
  // Files can be moved inside of it.
  dir.write("host/data/a/file", "");
  CHECK_NOTHROW(fs::rename(dir.file("host/data/a"), dir.file("host/data/b")));
}

TEST_CASE("overlay_mount: a place that is private stays as it is", "[actors][containers][root]") {
  const mount_dir dir;
  fs::create_directory(dir.file("m"));
  REQUIRE(::mount("one", dir.file("m").c_str(), "tmpfs", 0, nullptr) == 0);
  REQUIRE(::mount(nullptr, dir.file("m").c_str(), nullptr, MS_PRIVATE, nullptr) == 0);
  fs::create_directory(dir.file("m/data"));
  REQUIRE(make_private_blocking(dir.file("m/data")).has_value());
  CHECK(dir.mounts().size() == 1);
}
