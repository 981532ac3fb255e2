#include "protocol/stream/json_text.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>
#include <utility>

using gantry::stream::append_json_string;

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
