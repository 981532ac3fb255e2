#include "actors/store/space_reserve.hpp"

#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

using namespace gantry;

TEST_CASE("space reserve: takes the space once and gives it back", "[actors][store]") {
  const test::temp_dir dir;
  const std::string file = dir.file("reserve");
  store::space_reserve reserve{file};
  CHECK_FALSE(reserve.release());
  for (int i = 0; i < 2; ++i) {
    reserve.keep();
    reserve.keep();
    struct stat s {};
    REQUIRE(::stat(file.c_str(), &s) == 0);
    CHECK(s.st_size == 1 << 20);
    CHECK(s.st_blocks * 512 >= s.st_size);
    CHECK(reserve.release());
    CHECK_FALSE(reserve.release());
    CHECK(::stat(file.c_str(), &s) != 0);
  }
}

TEST_CASE("space reserve: does nothing where it cannot be", "[actors][store]") {
  const test::temp_dir dir;
  store::space_reserve reserve{dir.file("nosuch/reserve")};
  reserve.keep();
  CHECK_FALSE(reserve.release());
}
