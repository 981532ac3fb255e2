#include "actors/host/process_figures.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <chrono>
#include <string>

using namespace gantry;

TEST_CASE("process_figures: of a process with a name to trip over", "[actors][host]") {
  test::temp_dir dir;
  dir.write("proc/self/stat", "4242 (a) (b c) S 1 4242 4242 0 -1 4194560 100 0 0 0 250 50 7 8 20 0 "
                              "3 0 5000 12345678 321 18446744073709551615 1 1 0 0\n");
  dir.write("proc/stat", "cpu  1 2 3\nctxt 5\nbtime 1700000000\nprocesses 9\n");
  dir.write("proc/self/fd/0", "");
  dir.write("proc/self/fd/7", "");
  const auto p = host::read_process_figures(dir.path());
  const auto per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  CHECK(p.cpu_seconds == 300 / per_second);
  CHECK(p.address_space == 12345678);
  CHECK(p.resident == 321u * static_cast<unsigned long>(::sysconf(_SC_PAGESIZE)));
  CHECK(p.started == 1700000000 + 5000 / per_second);
  CHECK(p.open_fds == 2);
  CHECK(p.most_fds > 0);
}

TEST_CASE("process_figures: what cannot be read is 0", "[actors][host]") {
  test::temp_dir dir;
  auto p = host::read_process_figures(dir.path());
  CHECK(p.cpu_seconds == 0);
  CHECK(p.started == 0);
  CHECK(p.open_fds == 0);
  for (const char* odd :
       {"", "4242", "4242 (x", "4242 (x)", "4242 (x) S", "4242 (x) S 1 2 x y\n"}) {
    dir.write("proc/self/stat", odd);
    p = host::read_process_figures(dir.path());
    CHECK(p.resident == 0);
  }
}

TEST_CASE("process_figures: this process", "[actors][host]") {
  const auto p = host::read_process_figures();
  CHECK(p.resident > 1'000'000);
  CHECK(p.address_space > p.resident);
  CHECK(p.open_fds >= 3);
  const auto now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  CHECK(p.started <= now + 2);
  CHECK(p.started > now - 86'400);
}
