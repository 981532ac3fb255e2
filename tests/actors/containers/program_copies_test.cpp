#include "actors/containers/program_copies.hpp"

#include "tests/actors/containers/live_fixture.hpp"
#include "tests/app/monitor/container.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

using namespace gantry;
using namespace gantry::containers;
using namespace gantry::test;
using namespace std::chrono_literals;

TEST_CASE("program_copies: those who come within a moment share one", "[actors][containers]") {
  live_fixture f;
  temp_dir dir;
  const auto program = dir.file("program");
  std::filesystem::copy_file("/bin/true", program);
  program_copies copies{caf::timespan{50ms}};
  std::weak_ptr<const host::unique_fd> seen;
  {
    const auto first = copies.get_blocking(f.sys, program);
    REQUIRE(first);
    CHECK(copies.get_blocking(f.sys, program) == first);
    CHECK(copies.get_blocking(f.sys, "/bin/true") != first);
    seen = first;
  }
  CHECK(eventually([&] { return seen.expired(); }));
  CHECK(copies.get_blocking(f.sys, program));
}

TEST_CASE("program_copies: a program that has changed is copied again", "[actors][containers]") {
  live_fixture f;
  temp_dir dir;
  const auto program = dir.file("program");
  std::filesystem::copy_file("/bin/true", program);
  program_copies copies;
  const auto before = copies.get_blocking(f.sys, program);
  std::filesystem::remove(program);
  std::filesystem::copy_file("/bin/false", program);
  const auto after = copies.get_blocking(f.sys, program);
  REQUIRE(after);
  CHECK(after != before);
  dir.write("program", "#!/bin/sh\n");
  CHECK(copies.get_blocking(f.sys, program) == nullptr);
  std::filesystem::remove(program);
  CHECK(copies.get_blocking(f.sys, program) == nullptr);
}
