#include "actors/containers/root_files.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

using namespace gantry;
using namespace gantry::containers;
using gantry::test::temp_dir;
namespace fs = std::filesystem;

namespace {

std::string read(const temp_dir& dir, const std::string& path) {
  auto root = open_root(dir.file("root"));
  REQUIRE(root.has_value());
  auto text = read_root_file(*root, path);
  return text ? *text : "error: " + text.error().message;
}

std::string make(const temp_dir& dir, const std::string& path) {
  auto root = open_root(dir.file("root"));
  REQUIRE(root.has_value());
  auto made = make_root_directory(*root, path);
  return !made ? made.error().message : *made ? "made" : "there";
}

unsigned mode_of(const std::string& path) {
  struct stat facts {};
  return ::lstat(path.c_str(), &facts) == 0 ? facts.st_mode & 07777u : 0u;
}

} // namespace

TEST_CASE("root_files: files are read within the root", "[actors][containers]") {
  const temp_dir dir;
  dir.write("secret", "secret");
  dir.write("root/etc/passwd", "root");
  dir.write("root/usr/lib/passwd", "lib");
  const auto link = [&](const std::string& to, const std::string& at) {
    fs::create_symlink(to, dir.file("root/" + at));
  };
  link("/usr/lib/passwd", "etc/absolute");
  link("../usr/lib/passwd", "etc/relative");
  link("absolute", "etc/twice");
  link("../../secret", "etc/outside");
  link(dir.file("secret"), "etc/absolutely_outside");
  link("loop", "etc/loop");
  link("/etc", "conf");
  link("passwd/x", "etc/below_file");
  link("..", "up");
  CHECK(read(dir, "etc/passwd") == "root");
  CHECK(read(dir, "/etc/passwd") == "root");
  CHECK(read(dir, "etc/absolute") == "lib");
  CHECK(read(dir, "etc/relative") == "lib");
  CHECK(read(dir, "etc/twice") == "lib");
  CHECK(read(dir, "conf/passwd") == "root");
  CHECK(read(dir, "etc/outside") == "");
  CHECK(read(dir, "etc/absolutely_outside") == "");
  CHECK(read(dir, "up/secret") == "");
  CHECK(read(dir, "../secret") == "");
  CHECK(read(dir, "etc/gone") == "");
  CHECK(read(dir, "gone/passwd") == "");
  CHECK(read(dir, "etc/passwd/x") == "");
  CHECK(read(dir, "etc/below_file") == "");
  CHECK(read(dir, "etc/loop") == "error: open 'etc/loop': Too many levels of symbolic links");
}

TEST_CASE("root_files: what is no regular file is not read", "[actors][containers]") {
  const temp_dir dir;
  fs::create_directories(dir.file("root/etc/directory"));
  REQUIRE(::mkfifo(dir.file("root/etc/fifo").c_str(), 0600) == 0);
  CHECK(read(dir, "etc/directory") == "");
  CHECK(read(dir, "etc/fifo") == "");
  dir.write("root/etc/large", "");
  fs::resize_file(dir.file("root/etc/large"), 17 << 20);
  CHECK(read(dir, "etc/large") == "error: 'etc/large' in the container is larger than 16 MiB");
}

TEST_CASE("root_files: directories are made within the root", "[actors][containers]") {
  const temp_dir dir;
  fs::create_directories(dir.file("root/a"));
  dir.write("root/file", "");
  const auto link = [&](const std::string& to, const std::string& at) {
    fs::create_symlink(to, dir.file("root/" + at));
  };
  link("/nowhere/dir", "dangling");
  link("../../../../up", "a/outside");
  link("a", "link");
  link("loop", "loop");
  const auto mask = ::umask(077);
  CHECK(make(dir, "/") == "there");
  CHECK(make(dir, "/a") == "there");
  CHECK(make(dir, "/a/b//c/./d/") == "made");
  CHECK(make(dir, "/a/b/c/d") == "there");
  CHECK(make(dir, "/link/x") == "made");
  CHECK(make(dir, "/dangling/x") == "made");
  CHECK(make(dir, "/a/outside/y") == "made");
  CHECK(make(dir, "/a/../../../z") == "made");
  ::umask(mask);
  for (const char* name : {"a/b", "a/b/c/d", "a/x", "nowhere/dir/x", "up/y", "z"}) {
    CAPTURE(name);
    CHECK(mode_of(dir.file(std::string{"root/"} + name)) == 0755);
  }
  CHECK_FALSE(dir.has("up"));
  CHECK_FALSE(dir.has("z"));
  CHECK(make(dir, "/file") == "Cannot mkdir: /file is not a directory");
  CHECK(make(dir, "/file/x") == "Cannot mkdir: /file/x is not a directory");
  CHECK(make(dir, "/loop/x") == "Cannot mkdir: /loop/x is not a directory");
}

TEST_CASE("root_files: what every container has takes the place of what an image has",
          "[actors][containers]") {
  const temp_dir dir;
  dir.write("outside/hosts", "outside");
  dir.write("root/etc/resolv.conf", "nameserver 9.9.9.9");
  dir.write("root/etc/passwd", "kept");
  fs::create_symlink(dir.file("outside/hosts"), dir.file("root/etc/hosts"));
  fs::create_symlink(dir.file("outside"), dir.file("root/dev"));
  dir.write("root/sys", "a file");
  const auto root = open_root(dir.file("root"));
  REQUIRE(root.has_value());
  for (int i = 0; i < 2; ++i) {
    const auto made = make_common_files(root->fd());
    INFO((made ? "" : made.error().message));
    REQUIRE(made.has_value());
  }
  CHECK(dir.read("outside/hosts") == "outside");
  CHECK_FALSE(dir.has("outside/pts"));
  for (const char* name : {"root/dev/pts", "root/dev/shm", "root/proc", "root/sys"})
    CHECK(fs::is_directory(fs::symlink_status(dir.file(name))));
  for (const char* name : {"root/.dockerenv", "root/etc/resolv.conf", "root/etc/hosts",
                           "root/etc/hostname", "root/dev/console"}) {
    CAPTURE(name);
    CHECK(fs::is_regular_file(fs::symlink_status(dir.file(name))));
    CHECK(dir.read(name) == "");
    CHECK(mode_of(dir.file(name)) == 0755);
  }
  CHECK(fs::read_symlink(dir.file("root/etc/mtab")) == "/proc/mounts");
  CHECK(dir.read("root/etc/passwd") == "kept");
}
