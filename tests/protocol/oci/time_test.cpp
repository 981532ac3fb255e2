#include "protocol/oci/time.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gantry::oci;

TEST_CASE("time: RFC 3339 there and back", "[protocol][oci]") {
  struct row {
    const char* text;
    std::int64_t seconds;
    std::int32_t nanoseconds;
    const char* written;
  };
  const row rows[] = {
      {"1970-01-01T00:00:00Z", 0, 0, "1970-01-01T00:00:00Z"},
      {"2014-08-20T10:00:00Z", 1408528800, 0, "2014-08-20T10:00:00Z"},
      {"2014-08-20T10:00:00.5Z", 1408528800, 500000000, "2014-08-20T10:00:00.5Z"},
      {"2014-08-20T10:00:00.123456789Z", 1408528800, 123456789, "2014-08-20T10:00:00.123456789Z"},
      {"2014-08-20T10:00:00.1234567899Z", 1408528800, 123456789, "2014-08-20T10:00:00.123456789Z"},
      {"2014-08-20T10:00:00.000Z", 1408528800, 0, "2014-08-20T10:00:00Z"},
      {"2014-08-20T12:00:00+02:00", 1408528800, 0, "2014-08-20T12:00:00+02:00"},
      {"2014-08-20T04:30:00-05:30", 1408528800, 0, "2014-08-20T04:30:00-05:30"},
      {"2014-08-20T10:00:00+00:00", 1408528800, 0, "2014-08-20T10:00:00Z"},
      {"2016-02-29T23:59:59Z", 1456790399, 0, "2016-02-29T23:59:59Z"},
      {"1969-12-31T23:59:59.25Z", -1, 250000000, "1969-12-31T23:59:59.25Z"},
      {"0001-01-01T00:00:00Z", -62135596800, 0, "0001-01-01T00:00:00Z"},
      {"9999-12-31T23:59:59Z", 253402300799, 0, "9999-12-31T23:59:59Z"},
  };
  for (const auto& r : rows) {
    CAPTURE(r.text);
    auto t = parse_instant(r.text);
    REQUIRE(t.has_value());
    CHECK(t->seconds == r.seconds);
    CHECK(t->nanoseconds == r.nanoseconds);
    CHECK(to_string(*t) == r.written);
  }
  CHECK(to_string(zero_instant) == "0001-01-01T00:00:00Z");
}

TEST_CASE("time: what is no RFC 3339 is refused", "[protocol][oci]") {
  for (const char* text : {"",
                           "2014",
                           "2014-08-20",
                           "2014-08-20 10:00:00Z",
                           "2014-08-20T10:00Z",
                           "2014-08-20T10:00:00",
                           "2014-08-20T10:00:00.Z",
                           "2014-08-20T10:00:00,5Z",
                           "2014-13-20T10:00:00Z",
                           "2014-02-29T10:00:00Z",
                           "2014-00-01T10:00:00Z",
                           "2014-08-20T24:00:00Z",
                           "2014-08-20T10:60:00Z",
                           "2014-08-20T10:00:60Z",
                           "2014-08-20T10:00:00+2:00",
                           "2014-08-20T10:00:00+24:00",
                           "2014-08-20T10:00:00+02:60",
                           "2014-08-20T10:00:00Zx",
                           "2014-8-20T10:00:00Z",
                           " 2014-08-20T10:00:00Z",
                           "-014-08-20T10:00:00Z",
                           "2014-08-20t10:00:00z"}) {
    CAPTURE(text);
    CHECK(parse_instant(text).has_error());
  }
  CHECK(parse_instant("x").error().message == "parsing time \"x\": not RFC 3339");
}

TEST_CASE("time: the zone is no part of the order", "[protocol][oci]") {
  auto early = *parse_instant("2014-08-20T12:00:00+02:00");
  auto same = *parse_instant("2014-08-20T10:00:00Z");
  auto late = *parse_instant("2014-08-20T10:00:00.1Z");
  CHECK(early == same);
  CHECK(early < late);
  CHECK(zero_instant < early);
}
