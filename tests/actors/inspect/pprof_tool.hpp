#pragma once

#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

namespace gantry::test {

/// What `google-pprof --text` makes of a profile of this program.
inline std::string google_pprof(std::string_view profile) {
  temp_dir dir;
  auto file = dir.write("profile", profile);
  auto program = std::filesystem::read_symlink("/proc/self/exe").string();
  auto command = "google-pprof --text '" + program + "' '" + file + "' 2>&1";
  auto* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 4096> part{};
  while (auto n = std::fread(part.data(), 1, part.size(), pipe))
    text.append(part.data(), n);
  INFO(text);
  CHECK(::pclose(pipe) == 0);
  return text;
}

} // namespace gantry::test
