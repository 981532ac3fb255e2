#include "actors/store/trash.hpp"

#include "tests/actors/store/result_text.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>
#include <sys/mount.h>

#include <filesystem>
#include <memory>
#include <string>

using namespace gantry;
using namespace gantry::store;

namespace {

bool never() { return false; }
bool always() { return true; }

/// A trash in a fresh directory, and things to be taken.
struct trash_fixture {
  trash_fixture() {
    std::filesystem::create_directories(dir.file("trash"));
    bin = std::make_shared<trash>(dir.file("trash"));
  }
  /// Makes a directory with so many files and throws it away.
  void discard(int files) const {
    for (int i = 0; i < files; ++i)
      dir.write("place/" + std::to_string(i), "x");
    REQUIRE(bin->take(dir.file("place")));
    CHECK_FALSE(dir.has("place"));
  }
  bool is_empty() const { return std::filesystem::is_empty(dir.file("trash")); }

  test::temp_dir dir;
  std::shared_ptr<trash> bin;
};

} // namespace

TEST_CASE_METHOD(trash_fixture, "trash: what it took is out of its place at once",
                 "[actors][store]") {
  discard(1);
  discard(1); // of the same name
  dir.write("file", "x");
  REQUIRE(bin->take(dir.file("file")));
  REQUIRE(bin->take(dir.file("nothing")));
  CHECK(bin->look()->size() == 3);
  std::filesystem::remove_all(dir.file("trash"));
  dir.write("file", "x");
  auto lost = bin->take(dir.file("file"));
  REQUIRE_FALSE(lost); // there is no such directory
  CHECK(dir.has("file"));
}

TEST_CASE_METHOD(trash_fixture, "trash: its owner is told once before it looks",
                 "[actors][store]") {
  int told = 0;
  bin->on_filled([&] { ++told; });
  REQUIRE(bin->take(dir.file("nothing")));
  CHECK(told == 0);
  discard(1);
  discard(1);
  CHECK(told == 1);
  CHECK(bin->look()->size() == 2);
  discard(1);
  CHECK(told == 2);
}

TEST_CASE_METHOD(trash_fixture, "trash: is emptied bit by bit, also of what is older",
                 "[actors][store]") {
  dir.write("trash/older/file", "x");
  discard(3);
  trash_removal removal{bin};
  auto first = removal.go_on(always);
  CHECK_FALSE(first.empty);
  CHECK(first.item != "");
  CHECK(first.waiting == 1);
  CHECK(first.files <= 1);
  discard(2); // comes while it is at it
  int slices = 1;
  auto now = first;
  for (; !now.empty && slices < 100; ++slices)
    now = removal.go_on(always);
  CHECK(slices > 9);
  CHECK(now.items == 3);
  CHECK(now.files == 9);
  CHECK(now.item == "");
  CHECK(now.waiting == 0);
  CHECK(is_empty());
  CHECK(removal.go_on(never).empty);
  discard(1);
  CHECK(removal.go_on(never).items == 4);
  CHECK(is_empty());
}

TEST_CASE_METHOD(trash_fixture, "trash: what cannot be deleted is told once and left",
                 "[actors][store]") {
  dir.write("trash/stuck/mount/file", "x");
  REQUIRE(::mount("none", dir.file("trash/stuck/mount").c_str(), "tmpfs", 0, nullptr) == 0);
  discard(2);
  trash_removal removal{bin};
  auto now = removal.go_on(never);
  CHECK(now.empty);
  CHECK(now.items == 1);
  REQUIRE(now.failures.size() == 1);
  CHECK_THAT(now.failures[0], Catch::Matchers::Contains("remove 'mount' below '"));
  CHECK(removal.go_on(never).failures.empty());
  REQUIRE(::umount(dir.file("trash/stuck/mount").c_str()) == 0);
  CHECK(removal.go_on(never).empty);
  CHECK(dir.has("trash/stuck"));
  CHECK(trash_removal{bin}.go_on(never).items == 1); // the next start
  CHECK(is_empty());
}

TEST_CASE_METHOD(trash_fixture, "trash: a directory that cannot be read is a failure",
                 "[actors][store]") {
  std::filesystem::remove_all(dir.file("trash"));
  dir.write("trash", "a file");
  trash_removal removal{bin};
  CHECK(removal.go_on(never).empty);
}
