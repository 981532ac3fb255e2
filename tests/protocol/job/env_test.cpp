#include "protocol/job/env.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using gantry::errc;
using gantry::job::compat;
using gantry::job::decode;
using gantry::job::encode;
using gantry::job::env;
using gantry::job::value_kind;
namespace json = boost::json;

using strings = std::vector<std::string>;

TEST_CASE("env: 1.6 set appends and get takes the last value", "[protocol][job]") {
  env e;
  CHECK(e.empty());
  CHECK(e.get("a").empty());
  e.set("a", "1");
  e.set("b", "x=y");
  e.set("a", "2");
  CHECK(e.get("a") == "2");
  CHECK(e.get("b") == "x=y");
  CHECK(e.get("c").empty());
  CHECK(e.entries().size() == 3);
  CHECK(env{{"k", "v"}}.get("k") == "v");
}

TEST_CASE("env: 1.6 exists, size and map see distinct keys", "[protocol][job]") {
  const env e{{"a", "1"}, {"empty", ""}, {"a", "2"}};
  CHECK(e.exists("a"));
  CHECK(e.exists("empty"));
  CHECK_FALSE(e.exists("A"));
  CHECK_FALSE(e.exists(""));
  CHECK(e.size() == 2);
  CHECK(e.map() == env::map_view{{"a", "2"}, {"empty", ""}});
}

TEST_CASE("env: 1.6 an entry without `=` is refused, not a crash", "[protocol][job]") {
  env e;
  CHECK(e.set_assignment("a=b=c"));
  CHECK(e.set_assignment("=x"));
  CHECK(e.set_assignment("k="));
  CHECK_FALSE(e.set_assignment("nothing"));
  CHECK_FALSE(e.set_assignment(""));
  CHECK(e.map() == env::map_view{{"", "x"}, {"a", "b=c"}, {"k", ""}});
}

TEST_CASE("env: 1.6 multi map keeps all values in order and is read back", "[protocol][job]") {
  const env e{{"b", "1"}, {"a", "x"}, {"b", "2"}};
  const env::multi_map_view expected{{"a", {"x"}}, {"b", {"1", "2"}}};
  CHECK(e.multi_map() == expected);
  env f{{"old", "gone"}};
  f.init_multi_map(expected);
  CHECK(f.multi_map() == expected);
  CHECK_FALSE(f.exists("old"));
}

TEST_CASE("env: 1.6 init replaces, append adds, erase removes every value", "[protocol][job]") {
  const env source{{"x", "1"}};
  env e{{"a", "1"}, {"b", "2"}, {"a", "3"}};
  CHECK(e.erase("a") == 2);
  CHECK(e.erase("a") == 0);
  CHECK(e.map() == env::map_view{{"b", "2"}});
  e.append(source);
  CHECK(e.map() == env::map_view{{"b", "2"}, {"x", "1"}});
  e.append(e);
  CHECK(e.entries().size() == 4);
  e.init(source);
  CHECK(e == source);
  e.clear();
  CHECK(e.empty());
}

TEST_CASE("env: 1.6 for_each visits all entries in order", "[protocol][job]") {
  const env e{{"b", "1"}, {"a", "2"}, {"b", "3"}};
  std::string seen;
  e.for_each([&](const std::string& key, const std::string& value) { seen += key + value + ' '; });
  CHECK(seen == "b1 a2 b3 ");
}

TEST_CASE("env: K-7 get_bool knows five false words", "[protocol][job]") {
  for (const char* word :
       {"", "0", "no", "false", "none", "NO", "False", "nOnE", " \t0\t ", "  "}) {
    CAPTURE(word);
    CHECK_FALSE(env{{"k", word}}.get_bool("k"));
  }
  for (const char* word : {"1", "true", "off", "f", "n", "null", "nil", "00", "-0", "\n0", "no!"}) {
    CAPTURE(word);
    CHECK(env{{"k", word}}.get_bool("k"));
  }
  CHECK_FALSE(env{}.get_bool("k"));
}

TEST_CASE("env: K-7 get_bool of JSON values", "[protocol][job]") {
  const auto e = decode(R"({"t":true,"f":false,"z":0,"n":-0,"o":1,"d":0.0,"h":0.5,"e":0e9,)"
                        R"("big":1e99,"l":[],"null":null})");
  REQUIRE(e.has_value());
  for (const char* key : {"t", "o", "h", "big", "l"}) {
    CAPTURE(key);
    CHECK(e->get_bool(key));
  }
  for (const char* key : {"f", "z", "n", "d", "e", "null"}) {
    CAPTURE(key);
    CHECK_FALSE(e->get_bool(key));
  }
}

TEST_CASE("env: 1.6 set_bool reads back as 1 or 0", "[protocol][job]") {
  env e;
  e.set_bool("t", true);
  e.set_bool("f", false);
  CHECK(e.get("t") == "1");
  CHECK(e.get("f") == "0");
  CHECK(e.get_bool("t"));
  CHECK_FALSE(e.get_bool("f"));
  CHECK(e.get_int("t") == 1);
}

TEST_CASE("env: 1.6 get_int64 trims and turns every error into 0", "[protocol][job]") {
  const std::pair<const char*, std::int64_t> rows[] = {
      {"42", 42},
      {"-42", -42},
      {"+42", 42},
      {" \t42\t ", 42},
      {"007", 7},
      {"9223372036854775807", std::numeric_limits<std::int64_t>::max()},
      {"-9223372036854775808", std::numeric_limits<std::int64_t>::min()},
      {"9223372036854775808", 0},
      {"-9223372036854775809", 0},
      {"", 0},
      {" ", 0},
      {"-", 0},
      {"+", 0},
      {"+-4", 0},
      {"--4", 0},
      {"4 2", 0},
      {"42\n", 0},
      {"4.0", 0},
      {"1e3", 0},
      {"0x10", 0},
      {"1_000", 0},
      {"abc", 0},
  };
  for (const auto& [text, expected] : rows) {
    CAPTURE(text);
    CHECK(env{{"k", text}}.get_int64("k") == expected);
  }
  CHECK(env{}.get_int64("k") == 0);
}

TEST_CASE("env: 1.6 get_int is 0 beyond int", "[protocol][job]") {
  CHECK(env{{"k", "2147483647"}}.get_int("k") == 2147483647);
  CHECK(env{{"k", "-2147483648"}}.get_int("k") == -2147483647 - 1);
  CHECK(env{{"k", "2147483648"}}.get_int("k") == 0);
  CHECK(env{{"k", "-2147483649"}}.get_int("k") == 0);
}

TEST_CASE("env: K-15 get_int64 of JSON numbers takes the integer part", "[protocol][job]") {
  const std::pair<const char*, std::int64_t> rows[] = {
      {"1.9", 1},
      {"-1.9", -1},
      {"0.99", 0},
      {"1.0", 1},
      {"12e4", 120000},
      {"1.5e1", 15},
      {"1.25E1", 12},
      {"125e-1", 12},
      {"0.0012e4", 12},
      {"1e18", 1000000000000000000},
      {"9223372036854775807.9", std::numeric_limits<std::int64_t>::max()},
      {"-9223372036854775808.0", std::numeric_limits<std::int64_t>::min()},
      {"-9223372036854775809", 0},
      {"9223372036854775808", 0},
      {"18446744073709551616", 0},
      {"1e19", 0},
      {"1e999", 0},
      {"0e999", 0},
      {"1e-999", 0},
      {"0.000000000000000000000000000001", 0},
      {"-0", 0},
  };
  for (const auto& [literal, expected] : rows) {
    CAPTURE(literal);
    const auto e = decode(std::string{R"({"k":)"} + literal + "}");
    REQUIRE(e.has_value());
    CHECK(e->get("k") == literal);
    CHECK(e->get_int64("k") == expected);
  }
}

TEST_CASE("env: strict integers say what is wrong", "[protocol][job]") {
  const env e{{"n", " -7 "}, {"big", "9999999999"}, {"huge", "9223372036854775808"}, {"x", "1x"}};
  CHECK(e.strict_int64("n").value() == -7);
  CHECK(e.strict_int("n").value() == -7);
  CHECK(e.strict_int64("big").value() == 9999999999);
  CHECK(e.strict_int("big").error() ==
        gantry::api_error{errc::invalid_parameter,
                          "invalid value '9999999999' for 'big': out of range"});
  CHECK(e.strict_int64("huge").error().message ==
        "invalid value '9223372036854775808' for 'huge': out of range");
  CHECK(e.strict_int64("x").error().message == "invalid value '1x' for 'x': not a number");
  CHECK(e.strict_int64("absent").error() ==
        gantry::api_error{errc::invalid_parameter, "missing value for 'absent'"});
  CHECK(env{{"k", ""}}.strict_int64("k").error().message ==
        "invalid value '' for 'k': not a number");

  const auto f = decode(R"({"whole":2.0,"part":2.5,"far":1e30})");
  REQUIRE(f.has_value());
  CHECK(f->strict_int64("whole").value() == 2);
  CHECK(f->strict_int64("part").error().message ==
        "invalid value '2.5' for 'part': not a whole number");
  CHECK(f->strict_int("far").error().message == "invalid value '1e30' for 'far': out of range");
}

TEST_CASE("env: 1.6 set_int is decimal", "[protocol][job]") {
  env e;
  e.set_int("a", std::numeric_limits<std::int64_t>::min());
  CHECK(e.get("a") == "-9223372036854775808");
  CHECK(e.find("a")->kind == value_kind::integer);
  CHECK(e.get_int64("a") == std::numeric_limits<std::int64_t>::min());
}

TEST_CASE("env: 1.6 get_list", "[protocol][job]") {
  const std::pair<const char*, strings> rows[] = {
      {"", {}},
      {"[]", {}},
      {R"(["a","b c",""])", {"a", "b c", ""}},
      {R"( [ "a" ] )", {"a"}},
      {R"(["\u003c\n"])", {"<\n"}},
      {"plain", {"plain"}},
      {"null", {"null"}},
      {R"("quoted")", {R"("quoted")"}},
      {R"({"a":1})", {R"({"a":1})"}},
      {R"(["a")", {R"(["a")"}},
      {R"(["a",1])", {R"(["a",1])"}},
      // 1.2.0 gave two empty elements before the text, an accident of its decoder.
      {"[1,2]", {"[1,2]"}},
  };
  for (const auto& [text, expected] : rows) {
    CAPTURE(text);
    CHECK(env{{"k", text}}.get_list("k") == expected);
  }
  CHECK(env{}.get_list("k").empty());
}

TEST_CASE("env: 1.6 set_list is JSON text", "[protocol][job]") {
  env e;
  e.set_list("none", {});
  e.set_list("some", {"a", "", "<\"\n>"});
  CHECK(e.get("none") == "[]");
  CHECK(e.get("some") == R"(["a","","\u003c\"\n\u003e"])");
  CHECK(e.get_list("some") == strings{"a", "", "<\"\n>"});
}

TEST_CASE("env: 1.6 get_json", "[protocol][job]") {
  const env e{{"obj", R"({"a":[1,2.5]})"}, {"n", "12"}, {"text", "hello"}, {"empty", ""}};
  CHECK(e.get_json("obj").value() == json::parse(R"({"a":[1,2.5]})"));
  CHECK(e.get_json("n").value() == json::value(12));
  CHECK(e.get_json("empty").value().is_null());
  CHECK(e.get_json("absent").value().is_null());
  const auto bad = e.get_json("text");
  REQUIRE_FALSE(bad.has_value());
  CHECK(bad.error().kind == errc::invalid_parameter);
  CHECK(bad.error().message.starts_with("invalid JSON in 'text': "));

  env f;
  f.set_bool("b", true);
  CHECK(f.get_json("b").value() == json::value(true));
}

TEST_CASE("env: 1.6 set_json and get_json agree", "[protocol][job]") {
  const char* const texts[] = {
      R"({"b":[1,{"z":null,"a":true}],"a":"x"})",
      "[]",
      "{}",
      R"("")",
      R"("12")",
      "true",
      "false",
      "-5",
      "18446744073709551615",
      "1.5",
      "1e300",
  };
  for (const char* text : texts) {
    CAPTURE(text);
    env e;
    e.set_json("k", json::parse(text));
    CHECK(e.get_json("k").value() == json::parse(text));
    const auto again = decode(encode(e));
    REQUIRE(again.has_value());
    CHECK(encode(*again) == encode(e));
  }
}

TEST_CASE("env: V5 set_json forces a string", "[protocol][job]") {
  env e;
  e.set_json("Version", "1.14");
  CHECK(e.get("Version") == R"("1.14")");
  CHECK(encode(e) == "{\"Version\":\"1.14\"}\n");
  CHECK(encode(e, compat::docker_1_2) == "{\"Version\":\"1.14\"}\n");
}

TEST_CASE("env: set_json writes compact JSON with sorted keys", "[protocol][job]") {
  env e;
  e.set_json("k", json::parse(R"({"b": 1.5, "a": [ null, "<&>" ], "c": 1e21, "B": {} })"));
  CHECK(e.get("k") == R"({"B":{},"a":[null,"\u003c\u0026\u003e"],"b":1.5,"c":1e+21})");
  CHECK(e.find("k")->kind == value_kind::json);
  e.set_json("n", std::numeric_limits<double>::infinity());
  CHECK_FALSE(e.exists("n"));
}

TEST_CASE("env: K-14 set_json of null makes the key absent", "[protocol][job]") {
  env e{{"k", "1"}, {"k", "2"}};
  e.set_json("k", nullptr);
  CHECK_FALSE(e.exists("k"));
  e.set_json("k", 3);
  CHECK(e.get_int("k") == 3);
}

TEST_CASE("env: 1.6 sub environments", "[protocol][job]") {
  env sub{{"b", "1.10"}, {"a", "x"}, {"a", "y"}};
  sub.set_int("n", 5);
  env e{{"text", "plain"}, {"list", "[1]"}, {"empty", ""}, {"null", "null"}};
  e.set_sub_env("sub", sub);
  CHECK(e.get("sub") == R"({"a":"y","b":"1.10","n":5})");
  const auto back = e.get_sub_env("sub");
  REQUIRE(back.has_value());
  CHECK(back->map() == env::map_view{{"a", "y"}, {"b", "1.10"}, {"n", "5"}});
  for (const char* key : {"text", "list", "empty", "null", "absent"}) {
    CAPTURE(key);
    CHECK_FALSE(e.get_sub_env(key));
  }
  e.set_sub_env("old", sub, compat::docker_1_2);
  CHECK(e.get("old") == R"({"a":"y","b":1,"n":5})");
  e.set_sub_env("none", env{});
  CHECK(e.get("none") == "{}");
  CHECK(e.get_sub_env("none")->empty());
}

TEST_CASE("env: 1.6 import_from takes an object's members", "[protocol][job]") {
  env e{{"keep", "1"}, {"n", "old"}, {"gone", "still here"}};
  REQUIRE(e.import_from(json::parse(R"({"n":5,"s":"5","l":["a"],"gone":null})")).has_value());
  CHECK(e.get("keep") == "1");
  CHECK(e.get("n") == "5");
  CHECK(e.find("n")->kind == value_kind::integer);
  CHECK(e.find("s")->kind == value_kind::string);
  CHECK(e.get_list("l") == strings{"a"});
  CHECK(e.get("gone") == "still here"); // K-14: a null is as if it were not there

  const auto before = e;
  const auto bad = e.import_from(json::parse("[1]"));
  REQUIRE_FALSE(bad.has_value());
  CHECK(bad.error() ==
        gantry::api_error{errc::invalid_parameter, "ImportEnv: expected an object, got array"});
  CHECK(e == before);
}

TEST_CASE("env: a temporary gives its value away", "[protocol][job]") {
  const std::string s =
      decode(R"({"k":"a value that does not fit a small string"})").value().get("k");
  CHECK(s == "a value that does not fit a small string");
}
