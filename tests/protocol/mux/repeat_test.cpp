#include "protocol/mux/repeat.hpp"

#include <catch2/catch.hpp>
#include <re2/re2.h>

#include <random>
#include <string>
#include <vector>

using namespace gantry::mux;

TEST_CASE("repeat: single classes with a greedy repetition are taken", "[protocol][mux]") {
  struct row {
    const char* regexp;
    std::vector<std::string> yes;
    std::vector<std::string> no;
  };
  const std::vector<row> rows = {
      {"[^/]+", {"a", "a b", "\xc3\xa9", "\n", "%2F"}, {"", "/", "a/b"}},
      {".*", {"", "a", "/a/", "\xf0\x9f\x90\xb3"}, {"\n", "a\nb"}},
      {"[0-9.]+", {"1.43", ".", "0"}, {"", "v1", "1,2"}},
      {"[0-9]{3}", {"123"}, {"12", "1234", "12a"}},
      {"[a-f0-9]{2,4}", {"ab", "abcd", "0f0"}, {"a", "abcde", "AB"}},
      {"[a-f]{2,}", {"ab", "abcdef"}, {"a"}},
      {"\\d*", {"", "007"}, {"a"}},
      {"\\w?", {"", "a", "_"}, {"ab", "-"}},
      {"[\\w.-]+", {"a.b-c_9"}, {"a b", ""}},
      {"[a-]", {"a", "-"}, {"b", "a-"}},
      {"[-a]", {"a", "-"}, {"b"}},
      {"[\\]\\\\]+", {"]\\"}, {"["}},
      {"[[a]+", {"[a["}, {"]"}},
      {"[--/]+", {"-./"}, {",", "0"}},
      {"[a]{0}", {""}, {"a"}},
      {"\\.+", {"..."}, {"a"}},
  };
  for (const auto& r : rows) {
    CAPTURE(r.regexp);
    const auto parsed = parse_repeat(r.regexp);
    REQUIRE(parsed.has_value());
    for (const auto& text : r.yes) {
      CAPTURE(text);
      CHECK(parsed->matches(text));
      CHECK(RE2::FullMatch(text, r.regexp));
    }
    for (const auto& text : r.no) {
      CAPTURE(text);
      CHECK_FALSE(parsed->matches(text));
      CHECK_FALSE(RE2::FullMatch(text, r.regexp));
    }
  }
}

TEST_CASE("repeat: everything else is left to the engine", "[protocol][mux]") {
  for (const char* regexp : {"",
                             "a",
                             "a|b",
                             "[a-z]+x",
                             "[a-z]+?",
                             "(a)",
                             "[^/]",
                             "[^/]{2}",
                             ".",
                             ".?",
                             ".{3}",
                             "[",
                             "[]",
                             "[]a]",
                             "[^]a]+",
                             "[a",
                             "[b-a]",
                             "[[:alpha:]]+",
                             "[a-b-c]",
                             "[\\d-z]",
                             "[a-\\d]",
                             "\\D+",
                             "\\s+",
                             "\\x41",
                             "\\",
                             "[\\",
                             "[\\p",
                             "[a]{",
                             "[a]{}",
                             "[a]{,3}",
                             "[a]{3,2}",
                             "[a]{1001}",
                             "[a]{03}",
                             "[a]{1}{2}",
                             "[a]**",
                             "[\xc3\xa9]+",
                             "[a-\xc3\xa9]+",
                             "^a",
                             "\\pL+",
                             "[a]{99999999999999999999}"}) {
    CAPTURE(regexp);
    CHECK_FALSE(parse_repeat(regexp));
  }
}

TEST_CASE("repeat: agrees with RE2 on random classes", "[protocol][mux]") {
  std::mt19937 rng{20140820};
  const std::string bytes = "ab-]^[.\\/09_";
  const std::vector<std::string> ends = {"", "+", "*", "?", "{2}", "{1,3}", "{0,}", "{2,1}"};
  const auto pick = [&rng](std::size_t n) { return rng() % n; };
  int taken = 0;
  for (int i = 0; i < 4000; ++i) {
    std::string regexp = "[";
    for (std::size_t n = pick(6); n > 0; --n)
      regexp += bytes[pick(bytes.size())];
    regexp += "]" + ends[pick(ends.size())];
    const auto parsed = parse_repeat(regexp);
    if (!parsed)
      continue;
    ++taken;
    RE2 engine{regexp, RE2::Quiet};
    CAPTURE(regexp, engine.error());
    REQUIRE(engine.ok());
    for (int k = 0; k < 20; ++k) {
      std::string text;
      for (std::size_t n = pick(5); n > 0; --n)
        text += bytes[pick(bytes.size())];
      CAPTURE(text);
      REQUIRE(parsed->matches(text) == RE2::FullMatch(text, engine));
    }
  }
  CHECK(taken > 500);
}

TEST_CASE("repeat: run stops at the limit and at the first foreign byte", "[protocol][mux]") {
  CHECK(parse_repeat("[^/]+")->run("abc/d") == 3);
  CHECK(parse_repeat("[^/]+")->run("abc") == 3);
  CHECK(parse_repeat("[^/]+")->run({}) == 0);
  CHECK(parse_repeat("[a-z]{2,3}")->run("abcdef") == 3);
  CHECK(parse_repeat("[0-9.]+")->run("1.2/x") == 3);
  CHECK(parse_repeat("[^/]+")->stop == '/');
  CHECK(parse_repeat("[^/.]+")->stop == -1);
}

TEST_CASE("repeat: expressions that cannot contain a slash are known", "[protocol][mux]") {
  for (const char* regexp :
       {"[^/]+", "[0-9]+|latest", "(a|b)?[a-z]{2}", "\\d+\\.\\d+", "[^a/]*", "(?:x|y)+", "(?i)abc"})
    CHECK_FALSE(may_match_slash(regexp));
  for (const char* regexp : {".*", "a/b", "[^.]+", "[--9]+", "a.c", "\\D", "\\x2f", "\\057", "\\/",
                             "[/]", "\\Q/\\E", "[[:punct:]]", "\\S+", "\\C"})
    CHECK(may_match_slash(regexp));
}
