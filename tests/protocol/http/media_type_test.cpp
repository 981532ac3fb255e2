#include "protocol/http/media_type.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace gantry;
using namespace gantry::http;

TEST_CASE("media_type: type and parameters", "[protocol][http]") {
  using pairs = std::vector<std::pair<std::string, std::string>>;
  struct row {
    std::string text, type;
    pairs params;
  };
  const std::vector<row> rows{
      {"application/json", "application/json", {}},
      {" Application/JSON ", "application/json", {}},
      {"application/json; charset=utf-8", "application/json", {{"charset", "utf-8"}}},
      {"application/json;charset=UTF-8", "application/json", {{"charset", "UTF-8"}}},
      {"a/b ; X = y ;\tz=\"q;\\\"r\\\\ \\d\"", "a/b", {{"x", "y"}, {"z", "q;\"r\\ \\d"}}},
      {"a/b;", "a/b", {}},
      {"a/b; ", "a/b", {}},
      {"a/b; c=d; ", "a/b", {{"c", "d"}}},
      {"a/b; c=\"\"", "a/b", {{"c", ""}}},
      {"json", "json", {}},
      {"application/vnd.docker.raw-stream", "application/vnd.docker.raw-stream", {}},
  };
  for (const row& expected : rows) {
    INFO(expected.text);
    const auto parsed = parse_media_type(expected.text);
    REQUIRE(parsed.has_value());
    CHECK(parsed->type == expected.type);
    CHECK(parsed->params == expected.params);
  }
  CHECK(parse_media_type("a/b; C=d")->param("c") == "d");
  CHECK(parse_media_type("a/b; C=d")->param("e") == "");
}

TEST_CASE("media_type: a malformed one is refused with Go's text", "[protocol][http]") {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"", "mime: no media type"},
      {" ", "mime: no media type"},
      {"/json", "mime: no media type"},
      {";charset=utf-8", "mime: no media type"},
      {"application json", "mime: expected slash after first token"},
      {"a,b", "mime: expected slash after first token"},
      {"application/", "mime: expected token after slash"},
      {"application//json", "mime: expected token after slash"},
      {"application/json, text/plain", "mime: unexpected content after media subtype"},
      {"application/json/x", "mime: unexpected content after media subtype"},
      {"a/b; charset", "mime: invalid media parameter"},
      {"a/b; charset=", "mime: invalid media parameter"},
      {"a/b; =utf-8", "mime: invalid media parameter"},
      {"a/b; c=\"open", "mime: invalid media parameter"},
      {"a/b; c=d e", "mime: invalid media parameter"},
      {"a/b;; c=d", "mime: invalid media parameter"},
      {"a/b; c=d; C=e", "mime: duplicate parameter name"},
  };
  for (const auto& [text, message] : rows) {
    INFO(text);
    const auto parsed = parse_media_type(text);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error() == api_error{errc::invalid_parameter, message});
  }
}
