#include "actors/host/startup_memory.hpp"

#include <catch2/catch.hpp>

#include <dlfcn.h>

#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>

using namespace gantry;

namespace {

/// Resident KiB of the mappings of files that are never written.
std::size_t resident_unwritten() {
  std::ifstream maps{"/proc/self/smaps"};
  std::size_t total = 0;
  bool counts = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.find('-') < line.find(' ')) // 7f00-7f10 r-xp 0 08:01 99 /lib/x.so
      counts = line.find('/') != line.npos && line.at(line.find(' ') + 2) == '-';
    else if (counts && line.starts_with("Rss:"))
      total += std::stoul(line.substr(std::strlen("Rss:")));
  }
  return total;
}

} // namespace

TEST_CASE("startup memory: what the loader has read is given back, and is there when needed",
          "[actors][host]") {
  auto before = resident_unwritten();
  host::release_startup_memory();
  auto after = resident_unwritten();
  INFO(before << " KiB before, " << after << " KiB after");
  CHECK(after < before);
  // Tables of exceptions, constants and symbols are found again.
  CHECK_THROWS_AS(throw std::runtime_error("thrown after"), std::runtime_error);
  CHECK(::dlsym(RTLD_DEFAULT, "malloc") != nullptr);
}
