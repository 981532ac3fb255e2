#include "protocol/api/json.hpp"

#include <boost/json/parse.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

using namespace gantry;
using namespace gantry::api;
namespace json = boost::json;

namespace {

std::string today(const json::value& v) {
  std::string out;
  append_json(out, v);
  return out;
}

std::string legacy(const json::value& v) {
  std::string out;
  append_json(out, v, json_form::legacy);
  return out;
}

} // namespace

TEST_CASE("json: values keep their kinds and members their order", "[api][json]") {
  auto v = json::parse(R"({"b":[1,-2,18446744073709551615,null,true,false,{}],"a":"x"})");
  CHECK(today(v) == R"({"b":[1,-2,18446744073709551615,null,true,false,{}],"a":"x"})");
  CHECK(today(json::value{}) == "null");
  CHECK(today(json::array{}) == "[]");
}

TEST_CASE("json: numbers are written shortest", "[api][json]") {
  CHECK(today(1.5) == "1.5");
  CHECK(today(0.1) == "0.1");
  CHECK(today(-3.0) == "-3");
  CHECK(today(1e300) == "1e+300");
  CHECK(today(std::numeric_limits<double>::infinity()) == "null");
  CHECK(today(std::nan("")) == "null");
}

TEST_CASE("json: angle brackets and ampersands are escaped in the 1.2.0 era only (V3)",
          "[api][json]") {
  json::value v{{"b", "<none>&"}, {"a", 1}};
  CHECK(today(v) == R"({"b":"<none>&","a":1})");
  CHECK(legacy(v) == R"({"a":1,"b":"\u003cnone\u003e\u0026"})");
}

TEST_CASE("json: strings are escaped as Go does it", "[api][json]") {
  CHECK(today("") == R"("")");
  CHECK(today("<") == R"("<")");
  CHECK(today("a\"\\\n\r\t\x01<b>") == R"("a\"\\\n\r\t\u0001<b>")");
  CHECK(today("\xe2\x80\xa8\xe2\x80\xa9") == R"("\u2028\u2029")");
  CHECK(today("\xc3\xa4<\xc3\xa4") == "\"\xc3\xa4<\xc3\xa4\"");
  CHECK(today("\xff") == R"("\ufffd")");
}

TEST_CASE("json: parsing says what Go would say", "[api][json]") {
  auto reason = [](std::string_view text) {
    auto parsed = parse_json(text);
    return parsed ? std::string{"fine"} : parsed.error().message;
  };
  CHECK(reason("{}") == "fine");
  CHECK(reason(" [1, 2] \n") == "fine");
  CHECK(reason("") == "unexpected EOF");
  CHECK(reason("{") == "unexpected EOF");
  CHECK(reason(R"({"a":)") == "unexpected EOF");
  CHECK(reason("x") == "invalid character 'x' looking for beginning of value");
  CHECK(reason(R"({"a": x})") == "invalid character 'x' looking for beginning of value");
  CHECK(reason("{x}") == "invalid character 'x' looking for beginning of object key string");
  CHECK(reason("{} {}") == "unexpected content after JSON");
  CHECK(reason(std::string(1000, '[')) == "exceeded max depth");
}

TEST_CASE("json: an error body has a message and a newline", "[api][json]") {
  CHECK(error_body("plugin \"x\" not found") == "{\"message\":\"plugin \\\"x\\\" not found\"}\n");
}
