#include "protocol/stream/json_text.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>
#include <utility>

using gantry::stream::append_json_string;
using gantry::stream::utf8_sequence;

TEST_CASE("json text: strings and their escapes", "[protocol][stream]") {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"", R"("")"},
      {"plain /text~", R"("plain /text~")"},
      {"\"\\", R"("\"\\")"},
      {"<b>&", R"("\u003cb\u003e\u0026")"},
      {"\n\r\t\b\f", R"("\n\r\t\u0008\u000c")"},
      {std::string_view{"\0\x1f", 2}, R"("\u0000\u001f")"},
      {"\x7f", "\"\x7f\""},
      {"\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\""},
      {"\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9", "\"\xe2\x80\xa7\\u2028\\u2029\""},
      {"a\x80"
       "b\xe2\x82",
       R"("a\ufffdb\ufffd\ufffd")"},
  };
  for (const auto& [text, expected] : rows) {
    std::string out = "x";
    append_json_string(out, text);
    CHECK(out == "x" + std::string{expected});
  }
}

TEST_CASE("json text: well-formed UTF-8 only", "[protocol][stream]") {
  const std::pair<std::string_view, std::size_t> rows[] = {
      {"", 0},
      {"a\xff", 1},
      {"\x7f", 1},
      {"\x80", 0},
      {"\xc1\xbf", 0}, // overlong
      {"\xc2\x80", 2},
      {"\xc2", 0},
      {"\xe0\x9f\xbf", 0}, // overlong
      {"\xe0\xa0\x80", 3},
      {"\xed\x9f\xbf", 3},
      {"\xed\xa0\x80", 0}, // surrogate
      {"\xef\xbf\xbf", 3},
      {"\xf0\x8f\xbf\xbf", 0}, // overlong
      {"\xf0\x90\x80\x80", 4},
      {"\xf4\x8f\xbf\xbf", 4},
      {"\xf4\x90\x80\x80", 0}, // beyond U+10FFFF
      {"\xf5\x80\x80\x80", 0},
      {"\xe2\x28\xa1", 0},
      {"\xe2\x82\x28", 0},
  };
  for (const auto& [text, expected] : rows)
    CHECK(utf8_sequence(text) == expected);
}
