#include "protocol/api/version.hpp"

#include <catch2/catch.hpp>

using namespace gantry::api;

TEST_CASE("version: compares number by number (W1)", "[api][version]") {
  CHECK(parse_version("1.9") < parse_version("1.14"));
  CHECK(parse_version("1.9") < parse_version("1.24"));
  CHECK(parse_version("1.14.0") == parse_version("1.14"));
  CHECK(parse_version("1.14.1") > parse_version("1.14"));
  CHECK(parse_version("1.50") == newest_version);
  CHECK(parse_version("1.50.0.1") > newest_version);
  CHECK(parse_version("2") > parse_version("1.99"));
}

TEST_CASE("version: what is missing or no number counts as 0 (W1)", "[api][version]") {
  CHECK(parse_version("") == api_version{0, 0});
  CHECK(parse_version(".") == api_version{0, 0});
  CHECK(parse_version("..") == api_version{0, 0});
  CHECK(parse_version("1") == api_version{1, 0});
  CHECK(parse_version("1.") == api_version{1, 0});
  CHECK(parse_version(".5") == api_version{0, 5});
  CHECK(parse_version("a.b") == api_version{0, 0});
  CHECK(parse_version("1.2x") == api_version{1, 0});
  CHECK(parse_version("-1.2") == api_version{0, 2});
  CHECK(parse_version("01.024") == oldest_version);
}

TEST_CASE("version: a number too large for any version is newer than all", "[api][version]") {
  CHECK(parse_version("99999999999999999999.1") > newest_version);
  CHECK(parse_version("1.99999999999999999999") > newest_version);
}

TEST_CASE("version: prints what was read", "[api][version]") {
  CHECK(to_string(newest_version) == "1.50");
  CHECK(to_string(api_version{1, 2, 3}) == "1.2.3");
}
