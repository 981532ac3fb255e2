#include "actors/inspect/cpu_profile.hpp"
#include "tests/actors/inspect/pprof_tool.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <string>
#include <thread>

using namespace gantry;
using namespace std::chrono_literals;

namespace {

/// Burns processor time under a name of its own.
[[gnu::noinline]] std::uint64_t very_busy_function(std::chrono::milliseconds length) {
  std::uint64_t x = 1;
  for (auto end = std::chrono::steady_clock::now() + length;
       std::chrono::steady_clock::now() < end;)
    for (int i = 0; i < 10'000; ++i)
      x = x * 6364136223846793005ULL + 1442695040888963407ULL;
  return x;
}

/// The line `NAME: VALUE` of proc/self/status.
std::string status_line(const std::string& name) {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(name + ":"))
      return line;
  return {};
}

} // namespace

TEST_CASE("cpu profile: nothing is installed before the first one", "[actors][inspect]") {
  // Also not by other tests of this program that came before: they end what they start.
  std::ifstream maps{"/proc/self/maps"};
  std::string all{std::istreambuf_iterator<char>{maps}, {}};
  bool loaded = all.find("libprofiler") != std::string::npos;
  constexpr unsigned long long sigprof = 1ULL << 26;
  auto line = status_line("SigCgt");
  auto caught = std::stoull(line.substr(line.find('\t') + 1), nullptr, 16);
  CHECK(((caught & sigprof) != 0) == loaded);
}

TEST_CASE("cpu profile: a busy function is seen by google-pprof", "[actors][inspect]") {
  auto profile = inspect::cpu_profile::start();
  REQUIRE(profile.has_value());
  std::uint64_t counted = 0;
  std::thread other{[&counted] { counted = very_busy_function(700ms); }};
  CHECK(very_busy_function(700ms) != 0);
  other.join();
  CHECK(counted != 0);
  auto bytes = (*profile)->finish();
  REQUIRE(bytes.has_value());
  auto text = test::google_pprof(*bytes);
  INFO(text);
  CHECK(text.find("very_busy_function") != std::string::npos);
}

TEST_CASE("cpu profile: one at a time, then the next", "[actors][inspect]") {
  auto first = inspect::cpu_profile::start();
  REQUIRE(first.has_value());
  auto second = inspect::cpu_profile::start();
  REQUIRE(!second);
  CHECK(second.error() ==
        api_error{errc::system, "Could not enable CPU profiling: cpu profiling already in use"});
  first->reset(); // dropped unread
  auto third = inspect::cpu_profile::start();
  REQUIRE(third.has_value());
  auto bytes = (*third)->finish();
  REQUIRE(bytes.has_value());
  CHECK(bytes->find("/test_actors_inspect") != std::string::npos); // the memory map
}
