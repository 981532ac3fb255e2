#include "protocol/container/signals.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using gantry::container::parse_signal;

TEST_CASE("signals: names in any case, with and without SIG, and numbers") {
  CHECK(*parse_signal("SIGTERM") == 15);
  CHECK(*parse_signal("term") == 15);
  CHECK(*parse_signal("Hup") == 1);
  CHECK(*parse_signal("9") == 9);
  CHECK(*parse_signal("64") == 64);
  CHECK(*parse_signal("SIGRTMIN+3") == 37);
  CHECK(*parse_signal("rtmax-14") == 50);
}

TEST_CASE("signals: what is none is refused by its name") {
  for (auto* bad : {"", "0", "65", "-1", "FOO", "SIG", "rtmin+16", "rtmax-0", "1x"}) {
    INFO(bad);
    CHECK(parse_signal(bad).error() ==
          api_error{errc::invalid_parameter, std::string{"invalid signal: "} + bad});
  }
}
