#include "protocol/job/parse.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using gantry::errc;
using gantry::job::env;
using gantry::job::parse;

TEST_CASE("parse: P1 the first word is the name, the rest are arguments", "[protocol][job]") {
  const auto r = parse("  echo  hello\tworld\n");
  REQUIRE(r.has_value());
  CHECK(r->name == "echo");
  CHECK(r->args == std::vector<std::string>{"hello", "world"});
  CHECK(r->environment.empty());
}

TEST_CASE("parse: P1 variables may stand anywhere and split at the first `=`", "[protocol][job]") {
  const auto r = parse("A=1 echo B=x=y hello C= A=2 =z");
  REQUIRE(r.has_value());
  CHECK(r->name == "echo");
  CHECK(r->args == std::vector<std::string>{"hello"});
  CHECK(r->environment == env{{"A", "1"}, {"B", "x=y"}, {"C", ""}, {"A", "2"}, {"", "z"}});
}

TEST_CASE("parse: P1 there is no quoting", "[protocol][job]") {
  const auto r = parse(R"(run "a b" 'c' \ d)");
  REQUIRE(r.has_value());
  CHECK(r->args == std::vector<std::string>{"\"a", "b\"", "'c'", "\\", "d"});
}

TEST_CASE("parse: P1 no name is an error with the input", "[protocol][job]") {
  for (const std::string input : {"", "  ", "A=1 B=2"}) {
    const auto r = parse(input);
    REQUIRE_FALSE(r.has_value());
    CHECK(r.error().kind == errc::invalid_parameter);
    CHECK(r.error().message == "empty command: '" + input + "'");
  }
}
