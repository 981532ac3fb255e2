#include "protocol/duration.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>
#include <string>

using namespace gantry;
using namespace std::chrono_literals;

TEST_CASE("duration: as Go writes and refuses them", "[protocol]") {
  struct row {
    const char* text;
    std::int64_t nanoseconds;
  };
  const row rows[] = {
      {"0", 0},
      {"-0", 0},
      {"5s", 5000000000},
      {"+5s", 5000000000},
      {"-1.5s", -1500000000},
      {"1h2m3.25s", 3723250000000},
      {"1.5h", 5400000000000},
      {".5s", 500000000},
      {"1.s", 1000000000},
      {"10ms", 10000000},
      {"3us", 3000},
      {"3\xc2\xb5s", 3000},
      {"3\xce\xbcs", 3000},
      {"0.9ns", 0},
      {"7ns", 7},
      {"0.000000001s", 1},
      {"2562047h47m16.854775807s", 9223372036854775807},
  };
  for (const auto& r : rows) {
    CAPTURE(r.text);
    CHECK(parse_duration(r.text).value() == std::chrono::nanoseconds{r.nanoseconds});
  }
  auto error = [](const char* text) { return parse_duration(text).error().message; };
  CHECK(error("") == "time: invalid duration \"\"");
  CHECK(error("x") == "time: invalid duration \"x\"");
  CHECK(error("-") == "time: invalid duration \"-\"");
  CHECK(error("1.2.3s") == "time: invalid duration \"1.2.3s\"");
  CHECK(error(".s") == "time: invalid duration \".s\"");
  CHECK(error("5") == "time: missing unit in duration \"5\"");
  CHECK(error("1y") == "time: unknown unit \"y\" in duration \"1y\"");
  CHECK(error("9999999999h") == "time: invalid duration \"9999999999h\"");
  CHECK(error("99999999999999999999s") == "time: invalid duration \"99999999999999999999s\"");
}

TEST_CASE("duration: fractions are exact, whatever their length", "[protocol]") {
  CHECK(parse_duration("0.100000000000000000000h").value() == 6min);
  CHECK(parse_duration("0.999999999h").value() == 3599999996400ns);
  CHECK(parse_duration("0.000000000000277778h").value() == 1ns);
  CHECK(parse_duration("0.000000000000277777h").value() == 0ns);
  CHECK(parse_duration("0.99999999999999999999999s").value() == 999999999ns);
  CHECK(parse_duration("-.5s").value() == -500ms);
}

TEST_CASE("duration: written as Go does", "[protocol]") {
  const struct {
    std::chrono::nanoseconds d;
    const char* text;
  } rows[] = {
      {0ns, "0s"},
      {1ns, "1ns"},
      {1500ns, "1.5\xc2\xb5s"},
      {2ms, "2ms"},
      {20050us, "20.05ms"},
      {1s, "1s"},
      {1500ms, "1.5s"},
      {30s, "30s"},
      {60s, "1m0s"},
      {90s, "1m30s"},
      {1h, "1h0m0s"},
      {49h + 500ms, "49h0m0.5s"},
      {1s + 1ns, "1.000000001s"},
      {-90s, "-1m30s"},
      {std::chrono::nanoseconds::max(), "2562047h47m16.854775807s"},
      {std::chrono::nanoseconds::min(), "-2562047h47m16.854775808s"},
  };
  for (const auto& r : rows)
    CHECK(go_duration(r.d) == r.text);
}
