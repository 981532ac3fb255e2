#include "protocol/container/links.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::container;

TEST_CASE("links: a container and what it is called", "[protocol][container]") {
  const auto parsed = [](std::string_view text) {
    const auto link = parse_link(text);
    return link ? link->container + " as " + link->alias : link.error().message;
  };
  CHECK(parsed("db") == "db as db");
  CHECK(parsed("db:store") == "db as store");
  CHECK(parsed("/db:/web/store") == "db as store");
  CHECK(parsed("") == "empty string specified for links");
  CHECK(parsed("a:b:c") == "bad format for links: a:b:c");
}

TEST_CASE("links: the containers have to be there", "[protocol][container]") {
  const auto lookup = [](std::string_view name) -> std::optional<std::string> {
    if (name == "db")
      return "0123";
    return std::nullopt;
  };
  CHECK(check_links(std::nullopt, lookup).has_value());
  CHECK(check_links(string_list{{"db:a", "/db:/web/b"}}, lookup).has_value());
  CHECK(check_links(string_list{{"db", "gone:x"}}, lookup).error() ==
        api_error{errc::invalid_parameter,
                  "could not get container for gone: No such container: gone"});
  CHECK_FALSE(check_links(string_list{{"a:b:c"}}, lookup).has_value());
}
