#include "protocol/api/filters.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace gantry;
using namespace gantry::api;

namespace {

filters parsed(std::string_view text) {
  auto f = filters::parse(text);
  INFO(text);
  REQUIRE(f.has_value());
  return *f;
}

std::vector<std::string> values(const filters& f, std::string_view key) {
  auto list = f.values(key);
  return {list.begin(), list.end()};
}

std::string verdict(std::string_view text, filtered list) {
  auto f = filters::parse(text);
  if (!f)
    return f.error().message;
  auto valid = validate(*f, list);
  if (valid)
    return "fine";
  CHECK(valid.error().kind == errc::invalid_parameter);
  return valid.error().message;
}

} // namespace

TEST_CASE("filters: both encodings mean the same", "[api][filters]") {
  using list = std::vector<std::string>;
  auto sets = parsed(R"({"label":{"b":true,"a=1":false},"type":{"x":true}})");
  auto lists = parsed(R"({"label":["b","a=1","b"],"type":["x"]})");
  for (const auto& f : {sets, lists}) {
    CHECK(values(f, "label") == list{"a=1", "b"});
    CHECK(values(f, "type") == list{"x"});
    CHECK(f.to_json() == R"({"label":["a=1","b"],"type":["x"]})");
  }
}

TEST_CASE("filters: nothing sent is no filter", "[api][filters]") {
  for (auto text : {"", "{}", "null"}) {
    auto f = parsed(text);
    CHECK(f.empty());
    CHECK(f.to_json().empty());
    CHECK(f.match_exact("type", "anything"));
    CHECK(f.match_fuzzy("type", "anything"));
    CHECK(f.match_regex("type", "anything"));
    CHECK(f.match_labels("label", {}));
  }
}

TEST_CASE("filters: a key without values is there and lets everything pass", "[api][filters]") {
  for (auto text : {R"({"type":{}})", R"({"type":[]})", R"({"type":null})"}) {
    auto f = parsed(text);
    CHECK(f.contains("type"));
    CHECK(f.match_exact("type", "anything"));
  }
}

TEST_CASE("filters: what is neither encoding is refused", "[api][filters]") {
  for (auto text : {"x", "[]", "1", "\"a\"", "{", R"({"a":"b"})", R"({"a":[1]})",
                    R"({"a":{"b":1}})", R"({"a":{"b":true},"c":["d"]})", "{} {}"}) {
    INFO(text);
    auto f = filters::parse(text);
    REQUIRE(f.has_error());
    CHECK(f.error() == api_error{errc::invalid_parameter, "invalid filter"});
  }
}

TEST_CASE("filters: the kinds of match", "[api][filters]") {
  auto f = parsed(R"({"name":["abc","^x.z$"],"bad":["("]})");
  CHECK(f.match_exact("name", "abc"));
  CHECK_FALSE(f.match_exact("name", "abcd"));
  CHECK(f.match_fuzzy("name", "abcd"));
  CHECK_FALSE(f.match_fuzzy("name", "ab"));
  CHECK_FALSE(f.match_fuzzy("name", "xabc"));
  CHECK(f.match_regex("name", "1abc2"));
  CHECK(f.match_regex("name", "xyz"));
  CHECK_FALSE(f.match_regex("name", "wxyz"));
  CHECK_FALSE(f.match_regex("bad", "x"));
  CHECK(f.match_regex("bad", "("));
}

TEST_CASE("filters: labels are ANDed, with or without a value", "[api][filters]") {
  auto f = parsed(R"({"label":["a","b=1=2"]})");
  CHECK(f.match_labels("label", {{"a", ""}, {"b", "1=2"}, {"c", "x"}}));
  CHECK_FALSE(f.match_labels("label", {{"a", ""}, {"b", "1"}}));
  CHECK_FALSE(f.match_labels("label", {{"b", "1=2"}}));
}

TEST_CASE("filters: yes and no", "[api][filters]") {
  auto said = [](std::string_view text) { return parsed(text).boolean("dangling"); };
  CHECK(said("{}").value() == std::nullopt);
  for (auto text :
       {R"({"dangling":["1"]})", R"({"dangling":["true"]})", R"({"dangling":{"true":false}})",
        R"({"dangling":["true","1"]})", R"({"dangling":["true","x"]})"})
    CHECK(said(text).value() == true);
  for (auto text : {R"({"dangling":["0"]})", R"({"dangling":["false"]})"})
    CHECK(said(text).value() == false);
  CHECK(said(R"({"dangling":["x"]})").error().message == "invalid filter 'dangling=[x]'");
  CHECK(said(R"({"dangling":["True"]})").error().message == "invalid filter 'dangling=[True]'");
  CHECK(said(R"({"dangling":["1","0"]})").error().message == "invalid filter 'dangling=[0 1]'");
  CHECK(said(R"({"dangling":[]})").error().message == "invalid filter 'dangling'");
}

TEST_CASE("filters: lists accept their own keys and values only", "[api][filters]") {
  struct row {
    filtered list;
    std::string_view text;
    std::string_view verdict;
  };
  const row rows[] = {
      {filtered::containers, R"({"bad":{"x":true}})", "invalid filter 'bad'"},
      {filtered::containers,
       R"({"ancestor":["a"],"before":["b"],"exited":["-1","0"],"expose":["80"],"health":["none"],
           "id":["a"],"is-task":["0"],"isolation":["x"],"label":["l"],"name":["n"],
           "network":["n"],"publish":["80-81/tcp"],"since":["s"],"status":["dead"],
           "volume":["v"]})",
       "fine"},
      {filtered::containers, R"({"status":["zz"]})",
       "invalid filter 'status=zz': invalid value for state (zz): must be one of created, running, "
       "paused, restarting, removing, exited, dead"},
      {filtered::containers, R"({"exited":["x"]})",
       "invalid filter 'exited=x': strconv.Atoi: parsing \"x\": invalid syntax"},
      {filtered::containers, R"({"health":["zz"]})",
       "invalid filter 'health=zz': invalid value for health (zz): must be one of none, starting, "
       "healthy, unhealthy"},
      {filtered::containers, R"({"is-task":["zz"]})", "invalid filter 'is-task=[zz]'"},
      {filtered::containers, R"({"publish":["a:b"]})",
       "filter for 'publish' should not contain ':': a:b"},
      {filtered::containers, R"({"expose":["80/icmp","1-65535","7/"]})", "fine"},
      {filtered::containers, R"({"publish":["65536"]})",
       "error while looking up for publish 65536: strconv.ParseUint: parsing \"65536\": value out "
       "of "
       "range"},
      {filtered::containers, R"({"publish":["x/tcp"]})",
       "error while looking up for publish x/tcp: strconv.ParseUint: parsing \"x\": invalid "
       "syntax"},
      {filtered::containers, R"({"publish":["80-"]})",
       "error while looking up for publish 80-: strconv.ParseUint: parsing \"\": invalid syntax"},
      {filtered::containers, R"({"expose":["9-8"]})",
       "error while looking up for expose 9-8: invalid range specified for port: 9-8"},
      {filtered::containers, R"({"expose":["/tcp"]})",
       "error while looking up for expose /tcp: empty string specified for ports"},
      {filtered::images, R"({"before":["a"],"since":["a"],"until":["1h"],"dangling":["true"],
           "label":["x"],"reference":["a*"]})",
       "fine"},
      {filtered::images, R"({"dangling":["zz"]})", "invalid filter 'dangling=[zz]'"},
      {filtered::images, R"({"name":["zz"]})", "invalid filter 'name'"},
      {filtered::networks, R"({"driver":["a"],"id":["b"],"label":["c"],"name":["d"],
           "scope":["local"],"type":["custom","builtin"],"dangling":["1"]})",
       "fine"},
      {filtered::networks, R"({"dangling":["zz"]})",
       "invalid value for filter 'dangling', must be \"true\" (or \"1\"), or \"false\" (or \"0\")"},
      {filtered::networks, R"({"dangling":["1","true"]})",
       "got more than one value for filter key \"dangling\""},
      {filtered::networks, R"({"type":["zz"]})", "invalid filter: 'type'='zz'"},
      {filtered::volumes, R"({"dangling":["0"],"driver":["d"],"label":["l"],"name":["n"]})",
       "fine"},
      {filtered::volumes, R"({"dangling":["zz"]})", "invalid filter 'dangling=[zz]'"},
      {filtered::volumes, R"({"zz":["zz"]})", "invalid filter 'zz'"},
      {filtered::plugins, R"({"capability":["volumedriver"],"enabled":["true"]})", "fine"},
      {filtered::plugins, R"({"enabled":["x"]})", "invalid filter 'enabled=[x]'"},
  };
  for (const auto& r : rows) {
    INFO(r.text);
    CHECK(verdict(r.text, r.list) == r.verdict);
  }
}
