#include "protocol/job/table.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

using gantry::job::compat;
using gantry::job::decode_list;
using gantry::job::decode_rows;
using gantry::job::encode_list;
using gantry::job::encode_rows;
using gantry::job::env;
using gantry::job::table;

namespace {

table rows_of(std::string_view key, const std::vector<std::string>& values) {
  table t;
  for (const auto& v : values)
    t.rows.push_back(env{{key, v}});
  return t;
}

std::string values_of(const table& t, std::string_view key) {
  std::string out;
  for (const auto& row : t.rows)
    out += row.get(key) + ' ';
  return out;
}

} // namespace

TEST_CASE("table: B1 a list has each row's newline in 1.2.0 form", "[protocol][job]") {
  const auto t = rows_of("a", {"1", "x"});
  CHECK(encode_list(t, compat::docker_1_2) == "[{\"a\":1}\n,{\"a\":\"x\"}\n]");
  CHECK(encode_list(t) == "[{\"a\":\"1\"},{\"a\":\"x\"}]");
  CHECK(encode_list(table{}, compat::docker_1_2) == "[]");
  CHECK(encode_list(table{}) == "[]");
}

TEST_CASE("table: B1 rows are concatenated", "[protocol][job]") {
  const auto t = rows_of("a", {"1", "x"});
  CHECK(encode_rows(t, compat::docker_1_2) == "{\"a\":1}\n{\"a\":\"x\"}\n");
  CHECK(encode_rows(t) == "{\"a\":\"1\"}\n{\"a\":\"x\"}\n");
  CHECK(encode_rows(table{}).empty());
}

TEST_CASE("table: B2 numbers sort as numbers, texts as bytes", "[protocol][job]") {
  auto numbers = rows_of("k", {"10", "9", "-3", "100", "+5"});
  numbers.sort("k");
  CHECK(values_of(numbers, "k") == "-3 +5 9 10 100 ");
  numbers.reverse_sort("k");
  CHECK(values_of(numbers, "k") == "100 10 9 +5 -3 ");

  auto texts = rows_of("k", {"b", "B", "a10", "a9", "\xc3\xa9"});
  texts.sort("k");
  CHECK(values_of(texts, "k") == "B a10 a9 b \xc3\xa9 ");
  texts.reverse_sort("k");
  CHECK(values_of(texts, "k") == "\xc3\xa9 b a9 a10 B ");
}

TEST_CASE("table: B2 a mixture has one order whatever it was before", "[protocol][job]") {
  std::vector<std::string> values{"1a", "9", "10", "", "x"};
  std::sort(values.begin(), values.end());
  do {
    auto t = rows_of("k", values);
    t.sort("k");
    REQUIRE(values_of(t, "k") == " 9 10 1a x ");
  } while (std::next_permutation(values.begin(), values.end()));
}

TEST_CASE("table: B2 equal rows keep their order", "[protocol][job]") {
  table t;
  for (const char* name : {"first", "second", "third"})
    t.rows.push_back(env{{"k", "1"}, {"name", name}});
  t.rows.push_back(env{{"name", "none"}}); // no such key
  t.sort("k");
  CHECK(values_of(t, "name") == "none first second third ");
  t.reverse_sort("k");
  CHECK(values_of(t, "name") == "first second third none ");
}

TEST_CASE("table: T5 consecutive objects become rows", "[protocol][job]") {
  const auto t = decode_rows("{\"a\":1}{\"a\":2}\r\n {\"a\":3}\n");
  REQUIRE(t.has_value());
  CHECK(values_of(*t, "a") == "1 2 3 ");
  CHECK(decode_rows(" \n").value().rows.empty());
  CHECK(decode_rows("{} x").error().message == "invalid character 'x' at offset 0");
  CHECK(decode_rows("{}{").error().message == "unexpected EOF");
}

TEST_CASE("table: T5 the objects of an array become rows", "[protocol][job]") {
  const auto t = decode_list(R"([{"a":1.50}, 7, "{}", null, [{"a":0}], {"a":"<","b":null}, {}])");
  REQUIRE(t.has_value());
  CHECK(values_of(*t, "a") == "1.50 <  ");
  CHECK(t->rows[1].size() == 1);
  CHECK(decode_list("[]").value().rows.empty());
  CHECK(decode_list("{}").error().message == "expected an array, got object");
  CHECK(decode_list("").error().message == "EOF");
  CHECK(decode_list("[{}").error().message == "unexpected EOF");
}

TEST_CASE("table: B1 both forms are read back", "[protocol][job]") {
  const auto t = rows_of("a", {"x", "y"});
  CHECK(decode_list(encode_list(t)).value().rows == t.rows);
  CHECK(decode_list(encode_list(t, compat::docker_1_2)).value().rows == t.rows);
  CHECK(decode_rows(encode_rows(t)).value().rows == t.rows);
}
