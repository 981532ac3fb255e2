#include "protocol/base64.hpp"

#include <catch2/catch.hpp>

using gantry::base64;

TEST_CASE("base64: the examples of RFC 4648", "[protocol][base64]") {
  CHECK(base64("").empty());
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foob") == "Zm9vYg==");
  CHECK(base64("fooba") == "Zm9vYmE=");
  CHECK(base64("foobar") == "Zm9vYmFy");
}

TEST_CASE("base64: bytes of any value", "[protocol][base64]") {
  CHECK(base64("\xfb\xff\xbf") == "+/+/");
  CHECK(base64(std::string_view{"\0\0\0\xff", 4}) == "AAAA/w==");
}
