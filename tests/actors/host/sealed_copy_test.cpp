#include "actors/host/sealed_copy.hpp"

#include "actors/host/children.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace gantry;
using namespace gantry::host;
using gantry::test::temp_dir;

TEST_CASE("sealed_copy: has the program's bytes, runs, and takes no others", "[actors][host]") {
  auto copy = sealed_copy_blocking("/bin/true");
  REQUIRE(copy.has_value());
  CHECK(is_sealed_copy(copy->get()));
  const auto path = "/proc/self/fd/" + std::to_string(copy->get());
  const auto bytes_of = [](const std::string& file) {
    std::ifstream in{file, std::ios::binary};
    return std::string{std::istreambuf_iterator<char>{in}, {}};
  };
  CHECK(bytes_of(path) == bytes_of("/bin/true"));
  CHECK(::pwrite(copy->get(), "x", 1, 0) == -1);
  CHECK(errno == EPERM);
  CHECK(::fcntl(copy->get(), F_ADD_SEALS, F_SEAL_GROW) == -1);
  CHECK((::fcntl(copy->get(), F_GETFD) & FD_CLOEXEC) != 0);
  child_command run;
  run.argv = {"/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(copy->get())};
  CHECK(run_child(run)->exit.success());
}

TEST_CASE("sealed_copy: only of programs, and not of large ones", "[actors][host]") {
  temp_dir dir;
  const auto script = dir.write("script", "#!/bin/sh\n");
  CHECK(sealed_copy_blocking(script).error() ==
        api_error{errc::invalid_parameter,
                  "copy '" + script + "': it is no ELF file, or a large one"});
  const auto size = std::filesystem::file_size("/bin/true");
  CHECK(sealed_copy_blocking("/bin/true", size).has_value());
  CHECK(sealed_copy_blocking("/bin/true", size - 1).error().kind == errc::invalid_parameter);
  CHECK(sealed_copy_blocking("/nonexistent").error() ==
        api_error{errc::not_found, "copy '/nonexistent': No such file or directory"});
  const unique_fd open{::memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  CHECK_FALSE(is_sealed_copy(open.get()));
  CHECK_FALSE(is_sealed_copy(-1));
}
