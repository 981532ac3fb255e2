#include "protocol/api/platform.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gantry;

namespace {

const oci::platform here{
    .architecture = "amd64", .os = "linux", .os_version = {}, .os_features = {}, .variant = {}};

std::string platform(const std::string& text) {
  auto parsed = api::parse_platform(text, here);
  return parsed ? oci::to_string(*parsed) : parsed.error().message;
}

} // namespace

TEST_CASE("platform: texts and JSON", "[protocol][api]") {
  CHECK(platform("linux/arm64") == "linux/arm64");
  CHECK(platform("linux/arm64/v8") == "linux/arm64");
  CHECK(platform("linux/arm") == "linux/arm/v7");
  CHECK(platform("Linux/x86_64") == "linux/amd64");
  CHECK(platform("linux") == "linux/amd64");
  CHECK(platform("aarch64") == "linux/arm64");
  CHECK(platform("windows/amd64") == "windows/amd64");
  CHECK(platform(R"({"os":"linux","architecture":"arm","variant":"v6"})") == "linux/arm/v6");
  CHECK(platform("{}") == "linux/amd64");
  CHECK(platform(R"({"os":"linux"})") == "both OS and Architecture must be provided");
  CHECK(platform(R"({"variant":"v6"})") ==
        "optional platform fields provided, but OS and Architecture are missing");
  CHECK(platform("{").starts_with("failed to parse platform: "));
  CHECK(platform("a/b/c/d") == "\"a/b/c/d\": cannot parse platform specifier: invalid argument");
  CHECK(platform("nosuch") ==
        "\"nosuch\": unknown operating system or architecture: invalid argument");
  CHECK(platform("linux/") ==
        "\"\" is an invalid component of \"linux/\": platform specifier component must match "
        "\"^[A-Za-z0-9_.-]+$\": invalid argument");
  CHECK_FALSE(api::only_platform({}, here).value());
  CHECK(api::only_platform({"linux", "arm64"}, here).error().message ==
        "multiple platforms are not supported");
}

TEST_CASE("platform: JSON that says nothing is no platform", "[protocol][api]") {
  CHECK_FALSE(api::parse_json_platform("{}").value());
  CHECK_FALSE(api::parse_json_platform(R"({"os":"","x":1})").value());
  CHECK(api::parse_json_platform("1").error() ==
        api_error{errc::invalid_parameter, "failed to parse platform: expected an object"});
  const auto full = api::parse_json_platform(
      R"({"os":"linux","architecture":"arm","variant":"v6","os.version":"2","os.features":["x"]})");
  CHECK(oci::to_string(**full) == "linux/arm/v6");
  CHECK((*full)->os_version == "2");
  CHECK(api::parse_json_platform(R"({"os.features":[]})").error().kind == errc::invalid_parameter);
}
