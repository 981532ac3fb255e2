#include "protocol/volume/volume_request.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::volume;

TEST_CASE("volume request: nothing asks for nothing in particular", "[protocol][volume]") {
  for (auto body : {"", "{}", "null", R"({"Name":null,"Labels":null,"Other":5})"}) {
    CAPTURE(body);
    auto request = parse_volume_request(body);
    REQUIRE(request.has_value());
    CHECK(request->name.empty());
    CHECK(request->driver.empty());
    CHECK_FALSE(request->labels);
    CHECK_FALSE(request->options);
  }
}

TEST_CASE("volume request: all members, in any case", "[protocol][volume]") {
  auto request = parse_volume_request(
      R"({"name":"v1","Driver":"local","DriverOpts":{"type":"tmpfs"},"LABELS":{}})");
  REQUIRE(request.has_value());
  CHECK(request->name == "v1");
  CHECK(request->driver == "local");
  CHECK(request->options == container::string_map{{"type", "tmpfs"}});
  CHECK(request->labels == container::string_map{});
}

TEST_CASE("volume request: what cannot be read", "[protocol][volume]") {
  const std::pair<const char*, const char*> bad[] = {
      {"{bad", "invalid JSON: "},
      {"[]", "invalid JSON: json: cannot unmarshal array into Go value of type "
             "volume.CreateOptions"},
      {R"({"Name":5})", "invalid JSON: json: cannot unmarshal number into Go struct field "
                        "CreateOptions.Name of type string"},
      {"{} x", "unexpected content after JSON"},
  };
  for (auto [body, text] : bad) {
    CAPTURE(body);
    auto request = parse_volume_request(body);
    REQUIRE_FALSE(request.has_value());
    CHECK(request.error().kind == errc::invalid_parameter);
    CHECK(request.error().message.substr(0, std::string_view{text}.size()) == text);
  }
}
