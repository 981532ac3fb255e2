#include "protocol/oci/digest.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gantry::oci;

namespace {

const std::string empty_hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string error_of(std::string_view text) {
  auto parsed = digest::parse(text);
  return parsed ? "parsed as " + parsed->str() : parsed.error().message;
}

} // namespace

TEST_CASE("digest: parts of one that is good", "[protocol][oci]") {
  auto d = digest::parse("sha256:" + empty_hex);
  REQUIRE(d.has_value());
  CHECK(d->str() == "sha256:" + empty_hex);
  CHECK(d->algorithm() == "sha256");
  CHECK(d->hex() == empty_hex);
  CHECK(d->short_id() == "e3b0c44298fc");
  CHECK_FALSE(d->empty());
  CHECK(digest::from_hex(empty_hex).value() == *d);
  CHECK(digest::parse("sha384:" + std::string(96, '0')).has_value());
  CHECK(digest::parse("sha512:" + std::string(128, '0'))->hex().size() == 128);
}

TEST_CASE("digest: refused in dockerd's words", "[protocol][oci]") {
  const std::string format = "invalid checksum digest format";
  const std::string length = "invalid checksum digest length";
  const std::string algorithm = "unsupported digest algorithm";
  struct row {
    std::string text;
    std::string error;
  };
  const row rows[] = {
      {"", format},
      {":", format},
      {"sha256", format},
      {"sha256:", format},
      {":" + empty_hex, format},
      {"sha256:" + empty_hex.substr(1), length},
      {"sha256:" + empty_hex + "0", length},
      {"sha256:" + std::string(64, 'A'), format},
      {"sha256:" + std::string(64, 'g'), format},
      {"sha512:" + empty_hex, length},
      {"md5:" + std::string(32, 'a'), algorithm},
      {"sha256+b64:Zz-_=", algorithm},
      {"SHA256:" + empty_hex, format},
      {"a..b:x", format},
      {"a.:x", format},
      {"md5:a/b", format},
      {"md5:a:b", format},
  };
  for (const auto& r : rows) {
    CAPTURE(r.text);
    CHECK(error_of(r.text) == r.error);
  }
  CHECK(digest::from_hex("xyz").error().message == length);
}

TEST_CASE("digest: of bytes", "[protocol][oci]") {
  CHECK(sha256_of("").hex() == empty_hex);
  CHECK(sha256_of("abc").hex() ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(digest::from_raw(std::string(32, '\xab')).hex().substr(0, 6) == "ababab");
}

TEST_CASE("digest: none", "[protocol][oci]") {
  digest none;
  CHECK(none.empty());
  CHECK(none.algorithm().empty());
  CHECK(none.hex().empty());
  CHECK(none.short_id().empty());
}

TEST_CASE("digest: short ids", "[protocol][oci]") {
  CHECK(short_id("sha256:" + empty_hex) == "e3b0c44298fc");
  CHECK(short_id(empty_hex) == "e3b0c44298fc");
  CHECK(short_id("abc") == "abc");
  CHECK(short_id("") == "");
}

TEST_CASE("digest: what may be the front of an id", "[protocol][oci]") {
  CHECK(id_prefix("e3b0") == "e3b0");
  CHECK(id_prefix("sha256:e3b0") == "e3b0");
  CHECK(id_prefix(empty_hex) == empty_hex);
  CHECK(id_prefix(empty_hex + "0").empty());
  CHECK(id_prefix("E3B0").empty());
  CHECK(id_prefix("busybox").empty());
  CHECK(id_prefix("sha256:").empty());
  CHECK(id_prefix("").empty());
  CHECK(is_full_id(empty_hex));
  CHECK_FALSE(is_full_id(empty_hex.substr(1)));
  CHECK_FALSE(is_full_id(std::string(64, 'A')));
}
