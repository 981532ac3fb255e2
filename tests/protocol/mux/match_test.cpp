#include "protocol/mux/match.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>

using namespace gantry::mux;

TEST_CASE("variables: found by name, in order, before and after they outgrow the object",
          "[protocol][mux]") {
  variables vars;
  CHECK(vars.empty());
  CHECK(vars.get("a").empty());
  const std::string names = "abcdefgh";
  for (std::size_t i = 0; i < names.size(); ++i) {
    vars.add(std::string_view{names}.substr(i, 1), std::string_view{names}.substr(0, i));
    REQUIRE(vars.size() == i + 1);
    for (std::size_t k = 0; k <= i; ++k) {
      CHECK(vars[k].name == names.substr(k, 1));
      CHECK(vars.get(names.substr(k, 1)) == names.substr(0, k));
    }
  }
  CHECK(vars.contains("a"));
  CHECK(vars.get("a").empty());
  CHECK_FALSE(vars.contains("z"));
  CHECK(vars.end() - vars.begin() == 8);
  vars.clear();
  CHECK(vars.empty());
  vars.add("x", "y");
  CHECK(vars.get("x") == "y");
}

TEST_CASE("variables: copies and moved objects keep what they hold", "[protocol][mux]") {
  variables copy;
  {
    variables vars;
    for (int i = 0; i < 6; ++i)
      vars.add(vars.keep("n" + std::to_string(i)), vars.keep(std::string(100, 'v')));
    copy = vars;
    const variables moved = std::move(vars);
    CHECK(moved.get("n5") == std::string(100, 'v'));
    CHECK(vars.size() <= 6); // NOLINT(bugprone-use-after-move): must stay usable
    vars.clear();
    CHECK(vars.empty());
  }
  CHECK(copy.size() == 6);
  CHECK(copy.get("n0") == std::string(100, 'v'));
}

TEST_CASE("match: outcomes have names", "[protocol][mux]") {
  CHECK(std::string{to_string(outcome::found)} == "found");
  CHECK(std::string{to_string(outcome::not_found)} == "not_found");
  CHECK(std::string{to_string(outcome::method_mismatch)} == "method_mismatch");
  CHECK(std::string{to_string(outcome::redirect)} == "redirect");
}
