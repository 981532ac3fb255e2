#include "protocol/mux/pattern.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace gantry::mux;

namespace {

std::shared_ptr<const pattern> make(std::string_view tpl, pattern_kind kind = pattern_kind::path,
                                    bool strict = false) {
  auto p = pattern::parse(tpl, {.kind = kind, .strict_slash = strict});
  REQUIRE(p.has_value());
  return *p;
}

std::string error_of(std::string_view tpl, pattern_kind kind = pattern_kind::path) {
  auto p = pattern::parse(tpl, {.kind = kind});
  REQUIRE_FALSE(p.has_value());
  CHECK(p.error().kind == gantry::errc::invalid_parameter);
  return p.error().message;
}

/// `name=value;` for each variable, or "-" if there is no match.
std::string tried(const pattern& p, std::string_view subject) {
  variables vars;
  if (!p.match(subject, &vars)) {
    CHECK_FALSE(p.match(subject, nullptr));
    return "-";
  }
  CHECK(p.match(subject, nullptr));
  std::string out;
  for (const auto& v : vars)
    out += std::string{v.name} + "=" + std::string{v.value} + ";";
  return out;
}

} // namespace

TEST_CASE("pattern: errors of a template", "[protocol][mux]") {
  for (const char* tpl : {"/{", "/}", "/{a", "/a}", "/{a}}", "/{{a}", "/}{", "/{a:[0-9]{3}"})
    CHECK(error_of(tpl) == "mux: unbalanced braces in \"" + std::string{tpl} + "\"");
  CHECK(error_of("/{}") == R"(mux: missing name or pattern in "{}")");
  CHECK(error_of("/{a:}") == R"(mux: missing name or pattern in "{a:}")");
  CHECK(error_of("/{:p}") == R"(mux: missing name or pattern in "{:p}")");
  CHECK(error_of("/{a}/{a}") == R"(mux: duplicated route variable "a")");
  CHECK(error_of("/\"{") == R"(mux: unbalanced braces in "/\"{")");
  CHECK(error_of("/{a:[}") == R"(mux: error compiling regex for "{a:[}": missing ]: [)");
  CHECK(error_of("/{a:x)(y}").find("mux: error compiling regex for \"{a:x)(y}\": ") == 0);
  CHECK(error_of("/{a:(?=x)}").find("invalid perl operator") != std::string::npos);
  CHECK(error_of("{a:*}", pattern_kind::host).find("error compiling regex") != std::string::npos);
  CHECK(error_of("{a:(?:[a-z]{1000}){1000}}").find("error compiling regex") != std::string::npos);
}

TEST_CASE("pattern: what a template matches", "[protocol][mux]") {
  struct row {
    const char* tpl;
    std::vector<std::pair<std::string, std::string>> cases;
    bool simple = true;
  };
  const std::vector<row> rows = {
      {"/a", {{"/a", ""}, {"/ab", "-"}, {"/a/", "-"}, {"/", "-"}, {"", "-"}, {"/A", "-"}}},
      {"", {{"", ""}, {"/", "-"}}},
      {"/a.b", {{"/a.b", ""}, {"/axb", "-"}}},
      {"/100%/{x}", {{"/100%/%s", "x=%s;"}}},
      {"/{id}", {{"/x", "id=x;"}, {"/", "-"}, {"/x/", "-"}, {"/x/y", "-"}, {"/\n", "id=\n;"}}},
      {"/{n:.*}", {{"/", "n=;"}, {"/a/b", "n=a/b;"}, {"/a\nb", "-"}, {"", "-"}}},
      {"/i/{n:.*}/json",
       {{"/i/a/b:5000/c/json", "n=a/b:5000/c;"},
        {"/i//json", "n=;"},
        {"/i/json", "-"},
        {"/i/json/json", "n=json;"},
        {"/i/json/json/json", "n=json/json;"},
        {"/i/a/jsonx", "-"}}},
      {"/v{v:[0-9.]+}/info", {{"/v1.43/info", "v=1.43;"}, {"/v/info", "-"}, {"/vx/info", "-"}}},
      {"/{n:[0-9]{3}}", {{"/123", "n=123;"}, {"/12", "-"}, {"/1234", "-"}}},
      {"/{n:[0-9]{2}}9", {{"/129", "n=12;"}, {"/1299", "-"}}},
      {"/{a}.{b}", {{"/x.y.z", "a=x.y;b=z;"}, {"/xy", "-"}, {"/.y", "-"}}, false},
      {"/{a:[^.]+}.{b}", {{"/x.y.z", "a=x;b=y.z;"}, {"/.y", "-"}}},
      {"/{a}{b}", {{"/xyz", "a=xy;b=z;"}, {"/x", "-"}}, false},
      {"/{a:.*}/x/{b:.*}", {{"/1/x/2/x/3", "a=1/x/2;b=3;"}}, false},
      {"/{a:(x|y)}/{b}", {{"/x/z", "a=x;b=z;"}, {"/z/z", "-"}}, false},
      {"/{a:((x)(y)|(z))}/{b:([0-9])+}/{c}", {{"/xy/42/q", "a=xy;b=42;c=q;"}}, false},
      {"/{a:x|yz}w", {{"/xw", "a=x;"}, {"/yzw", "a=yz;"}, {"/x", "-"}}, false},
      {"/{a:[a-z]+?}/{b}", {{"/x/y", "a=x;b=y;"}}, false},
      {"/{a:(?i)ABC}/D", {{"/abc/D", "a=abc;"}, {"/abc/d", "-"}}, false},
      {"/{name with space}", {{"/1", "name with space=1;"}}},
      {"/{a:b:c}", {{"/b:c", "a=b:c;"}}, false},
      {"/\xc3\xa9/{\xc3\xbc}", {{"/\xc3\xa9/\xe2\x82\xac", "\xc3\xbc=\xe2\x82\xac;"}}},
      {"/{a:.}", {{"/\xe2\x82\xac", "a=\xe2\x82\xac;"}, {"/ab", "-"}}, false},
  };
  for (const auto& r : rows) {
    const auto p = make(r.tpl);
    CAPTURE(r.tpl);
    CHECK(p->is_simple() == r.simple);
    CHECK(p->text() == r.tpl);
    for (const auto& [subject, expected] : r.cases) {
      CAPTURE(subject);
      CHECK(tried(*p, subject) == expected);
    }
  }
}

TEST_CASE("pattern: a prefix is open at its end", "[protocol][mux]") {
  const auto literal = make("/foo", pattern_kind::prefix);
  CHECK(tried(*literal, "/foo").empty());
  CHECK(tried(*literal, "/foobar/x").empty());
  CHECK(tried(*literal, "/fo") == "-");
  const auto id = make("/a/{id}", pattern_kind::prefix);
  CHECK(tried(*id, "/a/b/c") == "id=b;");
  CHECK(tried(*id, "/a/") == "-");
  const auto greedy = make("/{p:.*}/b", pattern_kind::prefix);
  CHECK_FALSE(greedy->is_simple());
  CHECK(tried(*greedy, "/x/b/y/b/z") == "p=x/b/y;");
  CHECK(tried(*make("/{n:[0-9]{2}}", pattern_kind::prefix), "/1234") == "n=12;");
}

TEST_CASE("pattern: a host's variables stop at a dot", "[protocol][mux]") {
  const auto p = make("{sub}.example.com", pattern_kind::host);
  CHECK(tried(*p, "api.example.com") == "sub=api;");
  CHECK(tried(*p, "a.b.example.com") == "-");
  CHECK(tried(*p, "API.example.com") == "sub=API;");
  CHECK(tried(*p, "api.EXAMPLE.com") == "-");
  CHECK_FALSE(p->names_port());
  CHECK(make("a:80", pattern_kind::host)->names_port());
  CHECK(make("[::1]:{port}", pattern_kind::host)->names_port());
  CHECK_FALSE(make("[fe80::{rest}]", pattern_kind::host)->names_port());
  CHECK_FALSE(make("{a:[a-z]+}", pattern_kind::host)->names_port());
}

TEST_CASE("pattern: strict slash makes the final slash optional", "[protocol][mux]") {
  for (const char* tpl : {"/a", "/a/"}) {
    const auto p = make(tpl, pattern_kind::path, true);
    CHECK(p->body() == "/a");
    CHECK(tried(*p, "/a").empty());
    CHECK(tried(*p, "/a/").empty());
    CHECK(tried(*p, "/a//") == "-");
    CHECK(tried(*p, "/ab") == "-");
  }
  const auto id = make("/{id}/", pattern_kind::path, true);
  CHECK(tried(*id, "/x/") == "id=x;");
  CHECK(tried(*id, "/x") == "id=x;");
  const auto rest = make("/{n:.*}", pattern_kind::path, true);
  CHECK(tried(*rest, "/x/") == "n=x/;");
  const auto json = make("/{n:.*}/json", pattern_kind::path, true);
  CHECK(tried(*json, "/json/json/") == "n=json;");
  CHECK(tried(*json, "/a/json") == "n=a;");
  const auto odd = make("/{n:[x/]*}x//", pattern_kind::path, true);
  CHECK_FALSE(odd->is_simple());
  CHECK(tried(*odd, "/xx/") == "n=x;");
  CHECK(tried(*odd, "/xx//") == "n=x;");
  CHECK_FALSE(make("/a/", pattern_kind::prefix, true)->strict_slash());
}

TEST_CASE("pattern: shown as a regular expression", "[protocol][mux]") {
  CHECK(make("/a.b/{id}")->regexp() == R"(^/a\.b/(?P<v0>[^/]+)$)");
  CHECK(make("/a/{id:[0-9]+}/{x}", pattern_kind::prefix)->regexp() ==
        "^/a/(?P<v0>[0-9]+)/(?P<v1>[^/]+)");
  CHECK(make("/a/", pattern_kind::path, true)->regexp() == "^/a[/]?$");
  auto q = pattern::parse("x{v}", {.kind = pattern_kind::query, .key = "k"});
  REQUIRE(q.has_value());
  CHECK((*q)->regexp() == "^k=x(?P<v0>.*)$");
  auto any = pattern::parse("", {.kind = pattern_kind::query, .key = "k"});
  REQUIRE(any.has_value());
  CHECK((*any)->regexp() == "^k=.*$");
  CHECK((*any)->match("what\never", nullptr));
}

TEST_CASE("pattern: more groups than usual", "[protocol][mux]") {
  std::string tpl;
  std::string subject;
  std::string expected;
  for (int i = 0; i < 30; ++i) {
    const std::string n = std::to_string(i);
    tpl += "/{v" + n + ":(?:(a)|(b))[0-9]+}";
    subject += "/a" + n;
    expected += "v" + n + "=a" + n + ";";
  }
  const auto p = make(tpl);
  CHECK(p->variable_count() == 30);
  CHECK(tried(*p, subject) == expected);
}

TEST_CASE("pattern: building fills in and checks the values", "[protocol][mux]") {
  const auto p = make("/100%/%s/{id:[0-9]+}/{name}");
  CHECK(*p->build({{"id", "42"}, {"name", "a b"}, {"other", "x"}}) == "/100%/%s/42/a b");
  CHECK(p->build({{"id", "42"}}).error().message == R"(mux: missing route variable "name")");
  CHECK(p->build({{"id", "x"}, {"name", "n"}}).error().message ==
        R"(mux: variable "x" doesn't match, expected "^[0-9]+$")");
  CHECK(p->build({{"id", "1"}, {"name", "a/b"}}).error().message ==
        R"(mux: variable "a/b" doesn't match, expected "^[^/]+$")");
  CHECK(make("/{a:x|y}")->build({{"a", "xy"}}).error().message ==
        R"(mux: variable "xy" doesn't match, expected "^x|y$")");
  CHECK(*make("/a/", pattern_kind::path, true)->build({}) == "/a/");
  CHECK(*make("/a", pattern_kind::path, true)->build({}) == "/a");
}

TEST_CASE("pattern: M5 a value that fits alone but not in its place is an error",
          "[protocol][mux]") {
  const auto p = make("/{a:x\\b}y");
  const auto built = p->build({{"a", "x"}});
  REQUIRE_FALSE(built.has_value());
  CHECK(built.error().message == R"(mux: built "/xy", which doesn't match "^/(?P<v0>x\\b)y$")");
}
