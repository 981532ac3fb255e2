#include "protocol/stream/json_records.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>
#include <vector>

using gantry::stream::append_record;
using gantry::stream::object_splitter;
using gantry::stream::record_form;

namespace {

// Adds the objects of `input` to `objects`; the error's text, or "".
std::string split(object_splitter& splitter, std::string_view input,
                  std::vector<std::string>& objects) {
  for (;;) {
    const auto object = splitter.next(input);
    if (!object.has_value())
      return object.error().message;
    if (!*object) {
      REQUIRE(input.empty());
      return "";
    }
    objects.emplace_back(**object);
  }
}

} // namespace

TEST_CASE("json records: forms", "[protocol][stream]") {
  const auto two = [](record_form form) {
    std::string out;
    append_record(out, "{\"a\":1}", form);
    append_record(out, "{}\n", form);
    return out;
  };
  CHECK(two(record_form::concatenated) == "{\"a\":1}{}"); // K-6
  CHECK(two(record_form::line) == "{\"a\":1}\n{}\n");
  CHECK(two(record_form::crlf) == "{\"a\":1}\r\n{}\r\n");
  CHECK(two(record_form::sequence) == "\x1e{\"a\":1}\n\x1e{}\n");
}

TEST_CASE("json records: Z2 objects are found however they follow each other",
          "[protocol][stream]") {
  const std::string stream =
      "{\"a\":\"}\\\"{\"}{\"b\":[{},{\"c\":[]}]}\r\n\x1e{}\n  {\"d\":\"\\\\\"}";
  const std::vector<std::string> expected{"{\"a\":\"}\\\"{\"}", "{\"b\":[{},{\"c\":[]}]}", "{}",
                                          "{\"d\":\"\\\\\"}"};
  for (std::size_t a = 0; a <= stream.size(); ++a) {
    for (std::size_t b = a; b <= stream.size(); ++b) {
      object_splitter splitter;
      std::vector<std::string> objects;
      const auto whole = std::string_view{stream};
      REQUIRE(split(splitter, whole.substr(0, a), objects).empty());
      REQUIRE(split(splitter, whole.substr(a, b - a), objects).empty());
      REQUIRE(split(splitter, whole.substr(b), objects).empty());
      REQUIRE(objects == expected);
      REQUIRE(splitter.finish().has_value());
    }
  }
}

TEST_CASE("json records: what is no object is an error for good", "[protocol][stream]") {
  object_splitter splitter;
  std::vector<std::string> objects;
  CHECK(split(splitter, "{} [1]", objects) == "expected an object, got '['");
  CHECK(split(splitter, "{}", objects) == "expected an object, got '['");
  CHECK(splitter.finish().error().message == "expected an object, got '['");
  CHECK(objects == std::vector<std::string>{"{}"});
}

TEST_CASE("json records: the end within an object is an error", "[protocol][stream]") {
  object_splitter splitter;
  std::vector<std::string> objects;
  CHECK(split(splitter, "{} {\"a\":", objects).empty());
  CHECK(splitter.finish().error().message == "unexpected EOF");
}

TEST_CASE("json records: an object has a largest size", "[protocol][stream]") {
  const std::string_view fits = "{\"a\":12}";
  const std::string_view longer = "{\"a\":123}";
  for (std::size_t cut = 0; cut <= fits.size(); ++cut) {
    object_splitter splitter{8};
    std::vector<std::string> objects;
    CHECK(split(splitter, fits.substr(0, cut), objects).empty());
    CHECK(split(splitter, fits.substr(cut), objects).empty());
    CHECK(objects.size() == 1);
  }
  for (std::size_t cut = 0; cut <= 8; ++cut) {
    object_splitter splitter{8};
    std::vector<std::string> objects;
    CHECK(split(splitter, longer.substr(0, cut), objects).empty());
    CHECK(split(splitter, longer.substr(cut), objects) == "larger than 8 bytes");
  }
}
