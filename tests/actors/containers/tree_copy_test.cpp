#include "actors/containers/tree_copy.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>

using namespace gantry;
using namespace gantry::containers;
using gantry::test::temp_dir;
namespace fs = std::filesystem;

namespace {

host::unique_fd directory(const std::string& path) {
  return host::unique_fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
}

/// Copies DIR/from to DIR/to, which is made if it is missing.
std::string copy(const temp_dir& dir, copied_form form = copied_form::plain) {
  fs::create_directories(dir.file("to"));
  const auto copied =
      copy_tree_blocking(directory(dir.file("from")), directory(dir.file("to")), form);
  return copied ? std::string{} : copied.error().message;
}

struct stat status(const temp_dir& dir, const std::string& name) {
  struct stat facts {};
  INFO(name);
  REQUIRE(::lstat(dir.file(name).c_str(), &facts) == 0);
  return facts;
}

void set_times(const std::string& path, time_t seconds) {
  const timespec times[] = {{seconds, 5}, {seconds, 7}};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0);
}

} // namespace

TEST_CASE("tree_copy: files of all kinds come with all that they are",
          "[actors][containers][root]") {
  const temp_dir dir;
  dir.write("from/d/file", "content");
  dir.write("from/empty", "");
  REQUIRE(::chown(dir.file("from/d/file").c_str(), 11, 12) == 0);
  REQUIRE(::chmod(dir.file("from/d/file").c_str(), 06751) == 0);
  REQUIRE(::setxattr(dir.file("from/d/file").c_str(), "user.note", "value", 5, 0) == 0);
  REQUIRE(::setxattr(dir.file("from/d/file").c_str(), "trusted.overlay.opaque", "y", 1, 0) == 0);
  REQUIRE(::setxattr(dir.file("from/d").c_str(), "user.dir", "", 0, 0) == 0);
  REQUIRE(::symlink("../nowhere", dir.file("from/d/link").c_str()) == 0);
  REQUIRE(::lchown(dir.file("from/d/link").c_str(), 13, 14) == 0);
  REQUIRE(::mkfifo(dir.file("from/fifo").c_str(), 0640) == 0);
  REQUIRE(::mknod(dir.file("from/null").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0);
  REQUIRE(::chown(dir.file("from/d").c_str(), 15, 16) == 0);
  REQUIRE(::chmod(dir.file("from/d").c_str(), 03711) == 0);
  REQUIRE(::chmod(dir.file("from").c_str(), 01750) == 0);
  for (const char* name : {"from/d/file", "from/d/link", "from/fifo", "from/d", "from"})
    set_times(dir.file(name), 1'000'000'000);

  REQUIRE(copy(dir) == "");
  CHECK(dir.read("to/d/file") == "content");
  for (const char* name : {"", "/d", "/d/file", "/d/link", "/fifo", "/null", "/empty"}) {
    const auto from = status(dir, std::string{"from"} + name);
    const auto to = status(dir, std::string{"to"} + name);
    CAPTURE(name);
    CHECK(to.st_mode == from.st_mode);
    CHECK(to.st_uid == from.st_uid);
    CHECK(to.st_gid == from.st_gid);
    CHECK(to.st_rdev == from.st_rdev);
    CHECK(to.st_mtim.tv_sec == from.st_mtim.tv_sec);
    CHECK(to.st_mtim.tv_nsec == from.st_mtim.tv_nsec);
  }
  CHECK(fs::read_symlink(dir.file("to/d/link")) == "../nowhere");
  std::array<char, 16> value{};
  CHECK(::getxattr(dir.file("to/d/file").c_str(), "user.note", value.data(), value.size()) == 5);
  CHECK(::getxattr(dir.file("to/d").c_str(), "user.dir", value.data(), value.size()) == 0);
  CHECK(::getxattr(dir.file("to/d/file").c_str(), "trusted.overlay.opaque", value.data(),
                   value.size()) == -1);
}

TEST_CASE("tree_copy: hard links stay links, also between directories", "[actors][containers]") {
  const temp_dir dir;
  dir.write("from/a/one", "x");
  fs::create_directories(dir.file("from/b/c"));
  fs::create_hard_link(dir.file("from/a/one"), dir.file("from/b/c/two"));
  fs::create_hard_link(dir.file("from/a/one"), dir.file("from/three"));
  REQUIRE(copy(dir) == "");
  const auto one = status(dir, "to/a/one");
  CHECK(one.st_nlink == 3);
  CHECK(one.st_ino == status(dir, "to/b/c/two").st_ino);
  CHECK(one.st_ino == status(dir, "to/three").st_ino);
  CHECK(one.st_ino != status(dir, "from/three").st_ino);
}

TEST_CASE("tree_copy: holes stay holes", "[actors][containers]") {
  const temp_dir dir;
  dir.write("from/file", "begin");
  fs::resize_file(dir.file("from/file"), 40 << 20);
  {
    const host::unique_fd fd{::open(dir.file("from/file").c_str(), O_WRONLY | O_CLOEXEC)};
    REQUIRE(::pwrite(fd.get(), "middle", 6, 20 << 20) == 6);
  }
  dir.write("from/hole", "");
  fs::resize_file(dir.file("from/hole"), 1 << 20);
  REQUIRE(copy(dir) == "");
  CHECK((dir.read("to/file") == dir.read("from/file")));
  CHECK(status(dir, "to/file").st_blocks < 1024);
  CHECK(status(dir, "to/hole").st_size == 1 << 20);
  CHECK(status(dir, "to/hole").st_blocks < 16);
}

TEST_CASE("tree_copy: directories are merged, files are replaced", "[actors][containers]") {
  const temp_dir dir;
  dir.write("to/d/old", "old");
  dir.write("to/d/both", "old");
  dir.write("to/was_directory/x", "old");
  dir.write("to/was_file", "old");
  dir.write("outside/x", "outside");
  fs::create_directory_symlink(dir.file("outside"), dir.file("to/was_link"));
  dir.write("from/d/both", "new");
  dir.write("from/was_directory", "new");
  dir.write("from/was_file/x", "new");
  dir.write("from/was_link/x", "new");
  REQUIRE(copy(dir) == "");
  CHECK(dir.read("to/d/old") == "old");
  CHECK(dir.read("to/d/both") == "new");
  CHECK(dir.read("to/was_directory") == "new");
  CHECK(dir.read("to/was_file/x") == "new");
  CHECK(dir.read("to/was_link/x") == "new");
  CHECK(dir.read("outside/x") == "outside");
}

TEST_CASE("tree_copy: a layer's whiteouts take away what is below", "[actors][containers]") {
  const temp_dir dir;
  for (const char* name :
       {"to/gone", "to/tree/x", "to/opaque/old", "to/opaque/sub/old", "to/stays"})
    dir.write(name, "old");
  for (const char* name : {"from/.wh.gone", "from/.wh.tree", "from/.wh.never", "from/.wh..wh.plnk",
                           "from/opaque/.wh..wh..opq"})
    dir.write(name, "");
  dir.write("from/opaque/new", "new");
  REQUIRE(copy(dir, copied_form::layer) == "");
  CHECK_FALSE(dir.has("to/gone"));
  CHECK_FALSE(dir.has("to/tree"));
  CHECK_FALSE(dir.has("to/opaque/old"));
  CHECK_FALSE(dir.has("to/opaque/sub"));
  CHECK(dir.has("to/opaque/new"));
  CHECK(dir.has("to/stays"));
  for (const char* name :
       {"to/.wh.gone", "to/.wh.tree", "to/.wh..wh.plnk", "to/opaque/.wh..wh..opq"})
    CHECK_FALSE(dir.has(name));
}

TEST_CASE("tree_copy: without that form such names mean nothing", "[actors][containers]") {
  const temp_dir dir;
  dir.write("to/x", "old");
  dir.write("from/.wh.x", "");
  REQUIRE(copy(dir) == "");
  CHECK(dir.has("to/x"));
  CHECK(dir.has("to/.wh.x"));
}

TEST_CASE("tree_copy: a deep tree needs few descriptors", "[actors][containers]") {
  const temp_dir dir;
  std::string path = "from";
  fs::create_directories(dir.file(path));
  for (int i = 0; i < 1000; ++i) {
    path += "/d";
    fs::create_directory(dir.file(path));
  }
  dir.write(path + "/file", "deep");
  REQUIRE(copy(dir) == "");
  CHECK(dir.read("to" + path.substr(4) + "/file") == "deep");
}

TEST_CASE("tree_copy: an error names the file", "[actors][containers]") {
  const temp_dir dir;
  dir.write("from/d/file", "");
  fs::create_directories(dir.file("to"));
  const auto refused = copy_tree_blocking(directory(dir.file("from")), directory("/proc/self"));
  REQUIRE(refused.has_error());
  CHECK(refused.error().message.starts_with("mkdir: "));
  CHECK(refused.error().message.ends_with(" (at 'd')"));
}
