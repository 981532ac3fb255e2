#include "actors/store/trash.hpp"

#include "tests/actors/store/result_text.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

using namespace gantry;
using namespace gantry::store;

TEST_CASE("trash: a tree goes with all that is in it", "[actors][store]") {
  test::temp_dir dir;
  dir.write("tree/a/b/file", "x");
  dir.write("tree/.hidden", "x");
  dir.write("tree/a/..also", "x");
  std::filesystem::create_directories(dir.file("tree/empty/inner"));
  REQUIRE(::mkfifo(dir.file("tree/fifo").c_str(), 0600) == 0);
  REQUIRE(remove_tree(dir.file("tree")));
  CHECK_FALSE(dir.has("tree"));
}

TEST_CASE("trash: links are removed and never followed", "[actors][store]") {
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

TEST_CASE("trash: a file goes too, and what is not there is no failure", "[actors][store]") {
  test::temp_dir dir;
  dir.write("file", "x");
  CHECK(remove_tree(dir.file("file")));
  CHECK_FALSE(dir.has("file"));
  CHECK(remove_tree(dir.file("file")));
  CHECK(remove_tree(dir.file("no/file")));
}

TEST_CASE("trash: a tree far deeper than there are descriptors goes", "[actors][store]") {
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

TEST_CASE("trash: what it took is out of its place at once, and gone in the end",
          "[actors][store]") {
  test::temp_dir dir;
  dir.write("place/a", "x");
  dir.write("tmp/keep", "x");
  {
    trash out;
    REQUIRE(out.take(dir.file("place"), dir.file("tmp")));
    REQUIRE(out.take(dir.file("nothing"), dir.file("tmp")));
    CHECK_FALSE(dir.has("place"));
    CHECK_FALSE(out.empty());
    trash moved = std::move(out);
    CHECK(std::distance(std::filesystem::directory_iterator{dir.file("tmp")}, {}) == 2);
  }
  CHECK(std::distance(std::filesystem::directory_iterator{dir.file("tmp")}, {}) == 1);
  CHECK(dir.has("tmp/keep"));
}

TEST_CASE("trash: the first failure is told and the rest still goes", "[actors][store]") {
  test::temp_dir dir;
  dir.write("b/file", "x");
  trash out;
  out.add("/proc/self/status"); // nobody can remove that
  out.add(dir.file("b"));
  auto removed = out.remove();
  REQUIRE_FALSE(removed);
  CHECK_THAT(removed.error().message, Catch::Matchers::StartsWith("remove '/proc/self/status': "));
  CHECK_FALSE(dir.has("b"));
  CHECK(out.empty());
}
