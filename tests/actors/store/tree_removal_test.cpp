#include "actors/store/tree_removal.hpp"

#include "tests/actors/store/result_text.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>

using namespace gantry;
using namespace gantry::store;

TEST_CASE("tree removal: a tree goes with all that is in it", "[actors][store]") {
  test::temp_dir dir;
  dir.write("tree/a/b/file", "x");
  dir.write("tree/.hidden", "x");
  dir.write("tree/a/..also", "x");
  std::filesystem::create_directories(dir.file("tree/empty/inner"));
  REQUIRE(::mkfifo(dir.file("tree/fifo").c_str(), 0600) == 0);
  REQUIRE(remove_tree(dir.file("tree")));
  CHECK_FALSE(dir.has("tree"));
}

TEST_CASE("tree removal: links are removed and never followed", "[actors][store]") {
  test::temp_dir dir;
  dir.write("outside/file", "x");
  std::filesystem::create_directories(dir.file("tree"));
  std::filesystem::create_directory_symlink(dir.file("outside"), dir.file("tree/link"));
  std::filesystem::create_directory_symlink(dir.file("outside"), dir.file("top"));
  REQUIRE(remove_tree(dir.file("tree")));
  REQUIRE(remove_tree(dir.file("top")));
  CHECK_FALSE(dir.has("tree"));
  CHECK_FALSE(dir.has("top"));
  CHECK(dir.read("outside/file") == "x");
}

TEST_CASE("tree removal: a file goes too, and what is not there is no failure", "[actors][store]") {
  test::temp_dir dir;
  dir.write("file", "x");
  CHECK(remove_tree(dir.file("file")));
  CHECK_FALSE(dir.has("file"));
  CHECK(remove_tree(dir.file("file")));
  CHECK(remove_tree(dir.file("no/file")));
}

TEST_CASE("tree removal: a tree far deeper than there are descriptors goes", "[actors][store]") {
  test::temp_dir dir;
  std::filesystem::create_directories(dir.file("tree"));
  // Names that could be in the way of those moved up.
  for (int i = 0; i < 40; ++i)
    dir.write("tree/" + std::to_string(i) + "/file", "x");
  int fd = ::open(dir.file("tree").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  REQUIRE(fd >= 0);
  for (int depth = 0; depth < 1000; ++depth) {
    REQUIRE(::mkdirat(fd, "d", 0700) == 0);
    int next = ::openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    REQUIRE(next >= 0);
    int file = ::openat(fd, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(file >= 0);
    ::close(file);
    ::close(fd);
    fd = next;
  }
  ::close(fd);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit low{96, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
  auto removed = remove_tree(dir.file("tree"));
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  REQUIRE(removed);
  CHECK_FALSE(dir.has("tree"));
}

TEST_CASE("tree removal: goes on where it paused", "[actors][store]") {
  test::temp_dir dir;
  for (const char* file : {"tree/a/1", "tree/a/2", "tree/a/b/c/3", "tree/d/4"})
    dir.write(file, "x");
  tree_removal removal{dir.file("tree")};
  CHECK(dir.has("tree")); // nothing yet
  int slices = 1;
  for (std::uint64_t before = 0; !removal.go_on([] { return true; }); ++slices) {
    CHECK(removal.removed() <= before + 1);
    before = removal.removed();
  }
  CHECK(slices > 8);
  CHECK(removal.removed() == 9);
  CHECK(removal.outcome());
  CHECK_FALSE(dir.has("tree"));
  CHECK(removal.go_on([] { return false; })); // over is over
}

TEST_CASE("tree removal: what comes into a directory while it is emptied goes too",
          "[actors][store]") {
  test::temp_dir dir;
  dir.write("tree/a/1", "x");
  tree_removal removal{dir.file("tree")};
  bool brought = false;
  CHECK(removal.go_on([&] {
    if (removal.removed() == 1 && !std::exchange(brought, true))
      dir.write("tree/a/2", "x");
    return false;
  }));
  CHECK(brought);
  CHECK(removal.outcome());
  CHECK_FALSE(dir.has("tree"));
}

TEST_CASE("tree removal: the first failure is told and the rest still goes", "[actors][store]") {
  test::temp_dir dir;
  dir.write("tree/a/kept/file", "x");
  dir.write("tree/b", "x");
  // A file system in the way: what is mounted on cannot be removed.
  REQUIRE(::mount("none", dir.file("tree/a/kept").c_str(), "tmpfs", 0, nullptr) == 0);
  auto removed = remove_tree(dir.file("tree"));
  REQUIRE(::umount(dir.file("tree/a/kept").c_str()) == 0);
  REQUIRE_FALSE(removed);
  CHECK_THAT(removed.error().message, Catch::Matchers::StartsWith("remove 'kept' below '"));
  CHECK_FALSE(dir.has("tree/b"));
  CHECK(dir.has("tree/a/kept/file"));
  auto denied = remove_tree("/proc/self/status"); // nobody can remove that
  REQUIRE_FALSE(denied);
  CHECK_THAT(denied.error().message, Catch::Matchers::StartsWith("remove '/proc/self/status': "));
}
