#include "actors/host/storage_facts.hpp"

#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

using namespace gantry::host;
using gantry::test::temp_dir;

TEST_CASE("storage_facts: file systems in Docker's words", "[host]") {
  CHECK(std::string{filesystem_name(0xEF53)} == "extfs");
  CHECK(std::string{filesystem_name(0x58465342)} == "xfs");
  CHECK(std::string{filesystem_name(0x9123683E)} == "btrfs");
  CHECK(std::string{filesystem_name(0x794c7630)} == "overlayfs");
  CHECK(std::string{filesystem_name(0xffffffff9123683EUL)} == "btrfs"); // sign-extended
  CHECK(std::string{filesystem_name(0)} == "unknown");
}

TEST_CASE("storage_facts: a file system without a name is unknown", "[host]") {
  CHECK(read_storage_facts("/proc").backing_filesystem == "unknown");
}

TEST_CASE("storage_facts: a path that is not there yet counts as its parent", "[host]") {
  temp_dir dir;
  auto here = read_storage_facts(dir.path()).backing_filesystem;
  CHECK(read_storage_facts(dir.file("a/b/c")).backing_filesystem == here);
  CHECK_FALSE(read_storage_facts("relative-and-missing").backing_filesystem.empty());
  CHECK_FALSE(read_storage_facts("").backing_filesystem.empty());
}
