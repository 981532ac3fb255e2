#include "protocol/oci/image_platform.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::oci;

namespace {

platform machine(const char* architecture, const char* variant = "") {
  return {architecture, "linux", {}, {}, variant};
}

} // namespace

TEST_CASE("image_platform: what runs where", "[protocol][oci]") {
  CHECK(runs_on(machine("amd64"), machine("amd64")));
  CHECK_FALSE(runs_on(machine("arm64"), machine("amd64")));
  CHECK(runs_on(machine("arm", "v6"), machine("arm", "v7")));
  CHECK_FALSE(runs_on(machine("arm", "v7"), machine("arm", "v6")));
}

TEST_CASE("image_platform: what is said of another one", "[protocol][oci]") {
  image_config image;
  image.architecture = "arm64";
  image.os = "linux";
  image.variant = "v8";
  CHECK(platform_of(image) == machine("arm64", "v8"));
  CHECK(other_platform("app:1", platform_of(image), machine("amd64")) ==
        api_error{errc::not_found, "image with reference app:1 was found but its platform "
                                   "(linux/arm64/v8) does not match the specified platform "
                                   "(linux/amd64)"});
}
