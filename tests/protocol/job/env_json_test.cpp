#include "protocol/job/env.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>
#include <utility>

using gantry::errc;
using gantry::job::compat;
using gantry::job::decode;
using gantry::job::decode_limits;
using gantry::job::encode;
using gantry::job::env;
using gantry::job::value_kind;

namespace {

// What becomes of `text` when it is read and written again.
std::string recoded(std::string_view text, compat mode = compat::typed) {
  const auto e = decode(text);
  return e ? encode(*e, mode) : "error: " + e.error().message;
}

// What 1.2.0 writes for the string `value`.
std::string guessed(std::string_view value) {
  return encode(env{{"k", value}}, compat::docker_1_2);
}

} // namespace

TEST_CASE("env json: V1 decode gives every member its kind", "[protocol][job]") {
  const auto e = decode(R"({"s":"text","n":42,"d":1.9,"big":9223372036854775808,"b":true,)"
                        R"("l":[ 1 , "x" ],"o":{"z":1,"a":2}})");
  REQUIRE(e.has_value());
  const auto check = [&](const char* key, const char* text, value_kind kind) {
    CAPTURE(key);
    REQUIRE(e->exists(key));
    CHECK(e->get(key) == text);
    CHECK(e->find(key)->kind == kind);
  };
  check("s", "text", value_kind::string);
  check("n", "42", value_kind::integer);
  check("d", "1.9", value_kind::number);
  check("big", "9223372036854775808", value_kind::number);
  check("b", "true", value_kind::boolean);
  check("l", R"([1,"x"])", value_kind::json);
  check("o", R"({"a":2,"z":1})", value_kind::json);
}

TEST_CASE("env json: V1 trailing data is ignored", "[protocol][job]") {
  CHECK(recoded(R"({"a":1}{"b":2})") == "{\"a\":1}\n");
  CHECK(recoded("{}}") == "{}\n");
  CHECK(recoded("  {}  garbage") == "{}\n");
}

TEST_CASE("env json: V1 what is no object is an error", "[protocol][job]") {
  const std::pair<std::string_view, const char*> rows[] = {
      {"", "EOF"},
      {" \r\n\t", "EOF"},
      {"[1]", "expected an object, got array"},
      {"\"x\"", "expected an object, got string"},
      {"-1", "expected an object, got number"},
      {"true", "expected an object, got bool"},
      {"null", "expected an object, got null"},
      {"nothing", "invalid character 'o' at offset 1"},
      {"hello", "invalid character 'h' at offset 0"},
      {"{", "unexpected EOF"},
      {R"({"a":)", "unexpected EOF"},
      {R"({"a":tr)", "unexpected EOF"},
      {R"({"a":"x)", "unexpected EOF"},
      {R"({"a":"x\u00)", "unexpected EOF"},
      {R"({"a" 1})", "invalid character '1' at offset 5"},
      {R"({"a":1,})", "invalid character '}' at offset 7"},
      {R"({"a":01})", "invalid character '1' at offset 6"},
      {R"({a:1})", "invalid character 'a' at offset 1"},
      {R"({'a':1})", "invalid character ''' at offset 1"},
      {R"({"a":"\x"})", "invalid character 'x' at offset 7"},
      {"{\"a\":\"\n\"}", "invalid character '\\x0a' at offset 6"},
      {"\xef\xbb\xbf{}", "invalid character '\\xef' at offset 0"},
      {R"({"a":NaN})", "invalid character 'N' at offset 5"},
  };
  for (const auto& [text, message] : rows) {
    CAPTURE(text);
    const auto e = decode(text);
    REQUIRE_FALSE(e.has_value());
    CHECK(e.error().kind == errc::invalid_parameter);
    CHECK(e.error().message == message);
  }
}

TEST_CASE("env json: the offset of an error is right far into the text", "[protocol][job]") {
  for (const std::size_t n : {4000u, 4090u, 4096u, 4097u, 8191u, 20000u}) {
    const auto text = R"({"a":")" + std::string(n, 'x') + R"(",})";
    CHECK(recoded(text) == "error: invalid character '}' at offset " + std::to_string(n + 8));
  }
}

TEST_CASE("env json: T5 consecutive objects are read one by one", "[protocol][job]") {
  std::string_view text = "{\"a\":1}\n{\"a\":2} {\"a\":3}x";
  for (const int expected : {1, 2, 3}) {
    std::size_t consumed = 0;
    const auto e = decode(text, consumed);
    REQUIRE(e.has_value());
    CHECK(e->get_int("a") == expected);
    text.remove_prefix(consumed);
  }
  CHECK(text == "x");
  std::size_t consumed = 99;
  CHECK_FALSE(decode("{\"a\":x}", consumed).has_value());
  CHECK(consumed == 5);
}

TEST_CASE("env json: limits", "[protocol][job]") {
  decode_limits limits;
  limits.max_bytes = 10;
  CHECK(decode(R"({"a":"12"})", limits).has_value());
  CHECK(decode(R"({"a":"12"} trailing)", limits).has_value());
  CHECK(decode(R"({"a":"123"})", limits).error().message == "larger than 10 bytes");
  CHECK(decode(R"({"a":x123})", limits).error().message == "invalid character 'x' at offset 5");

  limits = {};
  limits.max_depth = 3;
  CHECK(decode(R"({"a":[{}]})", limits).has_value());
  CHECK(decode(R"({"a":[[{}]]})", limits).error().message == "nested deeper than 3 levels");
  const auto deep = R"({"a":)" + std::string(100000, '[');
  CHECK(decode(deep).error().message == "nested deeper than 64 levels");
}

TEST_CASE("env json: K-14 null is absent", "[protocol][job]") {
  const auto e = decode(R"({"a":null,"b":1,"c":[null]})");
  REQUIRE(e.has_value());
  CHECK_FALSE(e->exists("a"));
  CHECK(e->get("a").empty());
  CHECK_FALSE(e->get_bool("a"));
  CHECK(e->size() == 2);
  CHECK(encode(*e) == "{\"b\":1,\"c\":[null]}\n");
}

TEST_CASE("env json: of a repeated member the last one counts", "[protocol][job]") {
  CHECK(recoded(R"({"a":1,"b":2,"a":"3"})") == "{\"a\":\"3\",\"b\":2}\n");
  CHECK(recoded(R"({"a":1,"a":null})") == "{}\n");
  CHECK(recoded(R"({"a":null,"a":1})") == "{\"a\":1}\n");
  CHECK(recoded(R"({"o":{"x":1,"y":{"q":1},"x":[2]}})") == "{\"o\":{\"x\":[2],\"y\":{\"q\":1}}}\n");
}

TEST_CASE("env json: V3 encode sorts keys and ends with one newline", "[protocol][job]") {
  env e{{"b", "2"}, {"a", "1"}, {"B", "x"}, {"b", "3"}};
  CHECK(encode(e) == "{\"B\":\"x\",\"a\":\"1\",\"b\":\"3\"}\n");
  CHECK(encode(env{}) == "{}\n");
  CHECK(encode(env{}, compat::docker_1_2) == "{}\n");
}

TEST_CASE("env json: V3 escapes", "[protocol][job]") {
  const env e{{"<k>", "<a href=\"x\">&\\\n\r\t\x01\x7f\xe2\x80\xa8\xe2\x80\xa9\xc3\xa9\xff"}};
  const std::string expected = "{\"\\u003ck\\u003e\":\"\\u003ca href=\\\"x\\\"\\u003e\\u0026\\\\\\n"
                               "\\r\\t\\u0001\x7f\\u2028\\u2029\xc3\xa9\\ufffd\"}\n";
  CHECK(encode(e) == expected);
  CHECK(encode(e, compat::docker_1_2) == expected);
}

TEST_CASE("env json: K-15 strings stay strings", "[protocol][job]") {
  const char* const values[] = {"1.14", "12e4", "123456789012", "0123", "true", "null", " 42 ",
                                "[1]",  "{}",   "\\\"sh\\\"",   "",     "-0",   "1e999"};
  for (const char* value : values) {
    CAPTURE(value);
    const auto text = std::string{R"({"k":")"} + value + "\"}\n";
    CHECK(recoded(text) == text);
  }
}

TEST_CASE("env json: K-15 numbers keep their literal", "[protocol][job]") {
  const char* const literals[] = {
      "0",
      "-0",
      "1.9",
      "1.0",
      "12e4",
      "1E+2",
      "1e-7",
      "1e999",
      "-1.5",
      "9223372036854775807",
      "9223372036854775808",
      "18446744073709551616",
      "9007199254740993",
      "0.1000000000000000055511151231257827021181583404541015625",
      "123456789012345678901234567890.5",
  };
  for (const char* literal : literals) {
    CAPTURE(literal);
    const auto flat = std::string{R"({"k":)"} + literal + "}\n";
    CHECK(recoded(flat) == flat);
    const auto nested = std::string{R"({"k":{"x":[)"} + literal + "]}}\n";
    CHECK(recoded(nested) == nested);
  }
}

TEST_CASE("env json: K-15 booleans are true and false, 1 and 0 only on request",
          "[protocol][job]") {
  env e;
  e.set_bool("t", true);
  e.set_bool("f", false);
  CHECK(encode(e) == "{\"f\":false,\"t\":true}\n");
  CHECK(encode(e, compat::docker_1_2) == "{\"f\":0,\"t\":1}\n");
  CHECK(recoded(R"({"t":true,"f":false})") == "{\"f\":false,\"t\":true}\n");
  CHECK(recoded(R"({"t":true,"f":false})", compat::docker_1_2) == "{\"f\":false,\"t\":true}\n");
}

TEST_CASE("env json: K-16 quotes inside a string are always kept", "[protocol][job]") {
  env e{{"a", R"("sh -c x")"}, {"b", R"("sh -c "x"")"}};
  CHECK(encode(e) == R"({"a":"\"sh -c x\"","b":"\"sh -c \"x\"\""})"
                     "\n");
}

TEST_CASE("env json: V4 values that 1.2.0 wrote as another type", "[protocol][job]") {
  const std::pair<const char*, const char*> rows[] = {
      {"1.14", "1"},
      {"12e4", "120000"},
      {"123456789012", "123456789012"},
      {"0123", R"("0123")"},
      {"true", "true"},
      {"null", "null"},
      {" 42 ", "42"},
      {R"("sh -c x")", R"("sh -c x")"},           // the quotes are lost
      {R"("sh -c "x"")", R"("\"sh -c \"x\"\"")"}, // kept: not JSON inside
      {"\"a\\b c\\\"", R"("\"a\\b c\\\"")"},
      {"\"a\nb\"", R"("\"a\nb\"")"},
      {"", R"("")"},
      {"plain", R"("plain")"},
      {"1 2", R"("1 2")"},
      {"[1.5, {\"b\": 2.5, \"a\": \"<\"}]", R"([1,{"a":"\u003c","b":2}])"},
      {"1e19", "-9223372036854775808"},
      {"-1e19", "-9223372036854775808"},
      {"9223372036854775807", "-9223372036854775808"},
      {"9007199254740993", "9007199254740992"},
      {"-1.9", "-1"},
      {"-0", "0"},
      {"1e-999", "0"},
      {"0e999", "0"},
      {"1e999", R"("1e999")"},
      {"+1", R"("+1")"},
      {"NaN", R"("NaN")"},
  };
  for (const auto& [value, expected] : rows) {
    CAPTURE(value);
    CHECK(guessed(value) == std::string{"{\"k\":"} + expected + "}\n");
  }
}

TEST_CASE("env json: V1 and V3 together truncate numbers in 1.2.0 mode", "[protocol][job]") {
  CHECK(recoded(R"({"a":1.9,"b":{"c":[2.5]},"d":9223372036854775808})", compat::docker_1_2) ==
        "{\"a\":1,\"b\":{\"c\":[2]},\"d\":-9223372036854775808}\n");
}

TEST_CASE("env json: what is no Unicode becomes U+FFFD", "[protocol][job]") {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {R"({"k":"\u00e9\ud83d\ude00"})", "\xc3\xa9\xf0\x9f\x98\x80"},
      {R"({"k":"\ud800"})", "\xef\xbf\xbd"},
      {R"({"k":"\udc80x"})", "\xef\xbf\xbdx"},
      {R"({"k":"\ud800\ud83d\ude00"})", "\xef\xbf\xbd\xf0\x9f\x98\x80"},
      {R"({"k":"\ud800\u0041"})", "\xef\xbf\xbd"
                                  "A"},
      {R"({"k":"\\ud800\uDBFF"})", "\\ud800\xef\xbf\xbd"},
      {"{\"k\":\"a\xff\xc3(\"}", "a\xef\xbf\xbd\xef\xbf\xbd("},
      {"{\"k\":\"\xed\xa0\x80\"}", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
      {R"({"k":"a\u0000b"})", std::string_view{"a\0b", 3}},
  };
  for (const auto& [text, expected] : rows) {
    CAPTURE(text);
    const auto e = decode(text);
    REQUIRE(e.has_value());
    CHECK(e->get("k") == expected);
  }
  CHECK(recoded("{\"\xff\":[\"\xff\"]}") == "{\"\xef\xbf\xbd\":[\"\xef\xbf\xbd\"]}\n");
}

TEST_CASE("env json: encode and decode reach a fixed point", "[protocol][job]") {
  const char* const texts[] = {
      R"({"Memory":0,"Env":["A=1","B=<x>"],"HostConfig":{"Binds":null,"Ports":{"80/tcp":[{}]}}})",
      R"({"":"","a":{"":{"":[]}}})",
      R"({"x":[[[1,2],[3.0]],"\u2028"]})",
  };
  for (const char* text : texts) {
    const auto once = recoded(text);
    CHECK(recoded(once) == once);
    CHECK(decode(once).value() == decode(text).value());
  }
}
