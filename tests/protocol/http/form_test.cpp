#include "protocol/http/form.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace gantry;
using namespace gantry::http;

TEST_CASE("form: a query is split and decoded in order", "[protocol][http]") {
  using pairs = std::vector<form_values::value_type>;
  const std::vector<std::pair<std::string, pairs>> rows{
      {"", {}},
      {"a=1", {{"a", "1"}}},
      {"a=1&b=2&a=3", {{"a", "1"}, {"b", "2"}, {"a", "3"}}},
      {"a", {{"a", ""}}},
      {"a=", {{"a", ""}}},
      {"=x", {{"", "x"}}},
      {"=", {{"", ""}}},
      {"&&a=1&", {{"a", "1"}}},
      {"a=b=c", {{"a", "b=c"}}},
      {"a+b=c+d", {{"a b", "c d"}}},
      {"a%2Bb=%20%3b%26%3D", {{"a+b", " ;&="}}},
      {"%61=%c3%A9", {{"a", "\xc3\xa9"}}},
      {"a=\xff", {{"a", "\xff"}}},
      {"a=%00", {{"a", std::string(1, '\0')}}},
      {"a=?/#", {{"a", "?/#"}}},
      {"filters=%7B%22name%22%3A%7B%22t1%22%3Atrue%7D%7D",
       {{"filters", R"({"name":{"t1":true}})"}}},
  };
  for (const auto& [raw, expected] : rows) {
    INFO(raw);
    const auto values = parse_query(raw);
    REQUIRE(values.has_value());
    CHECK(pairs(values->begin(), values->end()) == expected);
  }
}

TEST_CASE("form: a malformed query is refused with Go's text", "[protocol][http]") {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"a=%zz", R"(invalid URL escape "%zz")"},
      {"%zz=a", R"(invalid URL escape "%zz")"},
      {"a=%", R"(invalid URL escape "%")"},
      {"a=%4", R"(invalid URL escape "%4")"},
      {"a=%4&b=1", R"(invalid URL escape "%4")"},
      {"a=%4g5", R"(invalid URL escape "%4g")"},
      {"a=%\"1", R"(invalid URL escape "%\"1")"},
      {"a=%\xff\n", R"(invalid URL escape "%\xff\n")"},
      {"b=%yy&a=%zz", R"(invalid URL escape "%yy")"},
      {"a=1;b=2", "invalid semicolon separator in query"},
      {"a=%zz&b=;", "invalid semicolon separator in query"},
      {";", "invalid semicolon separator in query"},
  };
  for (const auto& [raw, message] : rows) {
    INFO(raw);
    const auto values = parse_query(raw);
    REQUIRE_FALSE(values.has_value());
    CHECK(values.error() == api_error{errc::invalid_parameter, message});
  }
}

TEST_CASE("form: values are found by exact key", "[protocol][http]") {
  auto values = *parse_query("a=1&b&a=2&C=3&n=0");
  CHECK(values.get("a") == "1");
  CHECK(values.all("a") == std::vector<std::string_view>{"1", "2"});
  CHECK(values.get("c") == "");
  CHECK_FALSE(values.has("c"));
  CHECK(values.has("b"));
  CHECK(values.size() == 5);
  CHECK(values.flag("a"));
  CHECK_FALSE(values.flag("n", true));
  CHECK_FALSE(values.flag("b", true));
  CHECK(values.flag("absent", true));
  CHECK_FALSE(values.flag("absent"));
  CHECK(form_values{}.empty());
}

TEST_CASE("form: values of a body come before those of the query, Q5", "[protocol][http]") {
  auto values = *parse_query("a=body");
  values.append(*parse_query("a=query&b=1"));
  CHECK(values.get("a") == "body");
  CHECK(values.all("a") == std::vector<std::string_view>{"body", "query"});
  values.add("b", "2");
  CHECK(values.all("b") == std::vector<std::string_view>{"1", "2"});
}

TEST_CASE("form: a path keeps its plus signs", "[protocol][http]") {
  CHECK(*decode_path("/a+b%2Bc%2f") == "/a+b+c/");
  CHECK(*decode_path("") == "");
  CHECK(decode_path("/%").error().message == R"(invalid URL escape "%")");
}

TEST_CASE("form: everything but five words is true, W5", "[protocol][http]") {
  for (const char* no :
       {"", "0", "no", "false", "none", "No", "FALSE", "nOnE", " 0 ", "\tno\t", "  "})
    CHECK_FALSE(truthy(no));
  for (const char* yes :
       {"1", "true", "True", "2", "x", "off", "f", "n", "null", "00", "0.0", "-0", "no no"})
    CHECK(truthy(yes));
}

TEST_CASE("form: numbers are read, and refused, as Go's Atoi does", "[protocol][http]") {
  CHECK(*parse_int("0") == 0);
  CHECK(*parse_int("+5") == 5);
  CHECK(*parse_int("-5") == -5);
  CHECK(*parse_int("007") == 7);
  CHECK(*parse_int("9223372036854775807") == INT64_MAX);
  CHECK(*parse_int("-9223372036854775808") == INT64_MIN);
  for (const char* bad : {"", "x", "+", "-", "+-1", "--1", "1x", " 1", "1 ", "0x1", "1_0", "1.0"}) {
    INFO(bad);
    CHECK(parse_int(bad).error() ==
          api_error{errc::invalid_parameter,
                    "strconv.Atoi: parsing \"" + std::string{bad} + "\": invalid syntax"});
  }
  CHECK(parse_int("9223372036854775808").error().message ==
        R"(strconv.Atoi: parsing "9223372036854775808": value out of range)");
  CHECK(parse_int("99999999999999999999x").error().message ==
        R"(strconv.Atoi: parsing "99999999999999999999x": invalid syntax)");
}

TEST_CASE("form: numbers without a sign have a largest value", "[protocol][http]") {
  CHECK(*parse_uint("0", 10) == 0);
  CHECK(*parse_uint("10", 10) == 10);
  CHECK(*parse_uint("18446744073709551615", UINT64_MAX) == UINT64_MAX);
  for (const char* bad : {"", "x", "+1", "-", "-x", "--1", "1 ", "1.5"}) {
    INFO(bad);
    CHECK(parse_uint(bad, 10).error() == api_error{errc::invalid_parameter, "invalid syntax"});
  }
  for (const char* bad : {"11", "-1", "18446744073709551616"}) {
    INFO(bad);
    CHECK(parse_uint(bad, 10).error() == api_error{errc::invalid_parameter, "value out of range"});
  }
}
