#include "protocol/api/time.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::api;
using namespace std::chrono_literals;

namespace {

const timestamp the_present = from_unix_time(1'700'000'000, 500);

std::int64_t nanos(std::string_view text) {
  auto time = parse_time(text, the_present);
  INFO(text);
  REQUIRE(time.has_value());
  return time->time_since_epoch().count();
}

} // namespace

TEST_CASE("time: unix seconds with and without a fraction", "[api][time]") {
  CHECK(nanos("0") == 0);
  CHECK(nanos("1136073600") == 1136073600'000'000'000);
  CHECK(nanos("1136073600.000000001") == 1136073600'000'000'001);
  CHECK(nanos("1136073600.5") == 1136073600'500'000'000);
  CHECK(nanos("1136073600.1234567899") == 1136073600'123'456'789);
  CHECK(nanos("-1") == -1'000'000'000);
}

TEST_CASE("time: seconds beyond what can be held become the last that can", "[api][time]") {
  CHECK(parse_time("99999999999", the_present).value() == timestamp::max());
  CHECK(parse_time("999999999999999999999999", the_present).value() == timestamp::max());
  CHECK(parse_time("-999999999999999999999999", the_present).value() == timestamp::min());
}

TEST_CASE("time: durations count back from now", "[api][time]") {
  CHECK(parse_time("10m", the_present).value() == the_present - 10min);
  CHECK(parse_time("0s", the_present).value() == the_present);
  CHECK(parse_time("-1h30m", the_present).value() == the_present + 90min);
}

TEST_CASE("time: RFC 3339 and its beginnings", "[api][time]") {
  constexpr std::int64_t noon = 1136203200'000'000'000; // 2006-01-02T12:00:00Z
  CHECK(nanos("2006-01-02T12:00:00Z") == noon);
  CHECK(nanos("2006-01-02T12:00:00.000000001Z") == noon + 1);
  CHECK(nanos("2006-01-02T13:00:00+01:00") == noon);
  CHECK(nanos("2006-01-02T04:30:00-07:30") == noon);
  CHECK(nanos("2006-01-02T12:00:00") == noon);
  CHECK(nanos("2006-01-02T12:00") == noon);
  CHECK(nanos("2006-01-02T12") == noon);
  CHECK(nanos("2006-01-02") == noon - 12 * 3600'000'000'000);
  CHECK(nanos("2006-01-02Z") == noon - 12 * 3600'000'000'000);
  CHECK(nanos("2024-02-29T00:00:00Z") == 1709164800'000'000'000);
}

TEST_CASE("time: what is no time is refused with Go's words", "[api][time]") {
  for (auto text : {"", "abc", "1.2.3", "1.x", "2006-13-01", "2023-02-29", "2006-01-02T25",
                    "2006-01-02T12:60", "2006-01-02T", "2006-01-02T12:00:00.Z", "2006-1-2",
                    "2006-01-02T12:00:00+1:00", "2006-01-02T12:00:00:00", "1h 2m", "1x"}) {
    INFO(text);
    auto time = parse_time(text, the_present);
    REQUIRE(time.has_error());
    CHECK(time.error().kind == errc::invalid_parameter);
    CHECK(time.error().message ==
          "strconv.ParseInt: parsing \"" + std::string{text} + "\": invalid syntax");
  }
}

TEST_CASE("time: jobs get seconds and nine digits", "[api][time]") {
  CHECK(to_unix_time(the_present) == "1700000000.000000500");
  CHECK(to_unix_time(from_unix_time(0)) == "0.000000000");
  CHECK(parse_time(to_unix_time(the_present), {}).value() == the_present);
}
