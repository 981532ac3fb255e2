#include "protocol/container/devices.hpp"

#include <catch2/catch.hpp>

namespace gantry::container {

TEST_CASE("devices: rules are read", "[protocol][container]") {
  CHECK(parse_device_rule("c 1:3 rw").value() ==
        device_rule{.type = 'c', .major = 1, .minor = 3, .access = "rw"});
  CHECK(parse_device_rule("b *:* m").value() == device_rule{.type = 'b', .access = "m"});
  CHECK(parse_device_rule("a 7:* rwm").value() == device_rule{.major = 7});
  // Docker's pattern does not ask for different letters.
  CHECK(parse_device_rule("c 1:3 rrr").value().access == "rrr");
}

TEST_CASE("devices: malformed rules are refused with their text", "[protocol][container]") {
  for (const std::string_view text :
       {"",         "c",         "c ",        "x 1:3 rw",   "c1:3 rw",
        "c 1:3",    "c 1:3 ",    "c 1:3 rwx", "c 1:3 rwmr", "c  1:3 r",
        "c 1 3 r",  "c :3 r",    "c 1: r",    "c -1:3 r",   "c 1:-3 r",
        "c +1:3 r", "c 1:3r",    "c 1:3 r ",  "c **:3 r",   "c 99999999999999999999:1 r",
        " c 1:3 r", "c 1 2:3 r", "C 1:3 r"}) {
    const auto rule = parse_device_rule(text);
    REQUIRE(rule.has_error());
    CHECK(rule.error() ==
          api_error{errc::invalid_parameter,
                    "invalid device cgroup rule format: '" + std::string{text} + "'"});
  }
}

TEST_CASE("devices: nothing is allowed by default but what is harmless", "[protocol][container]") {
  const auto rules = default_device_rules();
  CHECK(rules.front() == device_rule{.allow = false});
  CHECK(rules.back() == device_rule{.allow = false, .type = 'c', .major = 10, .minor = 229});
  CHECK(rules.size() == 8);
}

} // namespace gantry::container
