#include "protocol/text.hpp"

#include <catch2/catch.hpp>

#include <string_view>
#include <utility>

using namespace gantry;

TEST_CASE("text: letters, digits and space are those of ASCII", "[protocol]") {
  int digits = 0;
  int letters = 0;
  int both = 0;
  int spaces = 0;
  for (int byte = 0; byte < 256; ++byte) {
    const auto c = static_cast<char>(byte);
    digits += is_digit(c);
    letters += is_alpha(c);
    both += is_alnum(c);
    spaces += is_space(c);
    CHECK((is_lower(c) && is_upper(c)) == false);
    CHECK((to_lower(c) != c) == is_upper(c));
    CHECK((to_upper(c) != c) == is_lower(c));
  }
  CHECK(digits == 10);
  CHECK(letters == 52);
  CHECK(both == 62);
  CHECK(spaces == 6);
  CHECK(lower("aZ@[`{\xc3\x84-9") == "az@[`{\xc3\x84-9");
  CHECK(upper("aZ@[`{\xc3\xa4-9") == "AZ@[`{\xc3\xa4-9");
}

TEST_CASE("text: space around it", "[protocol]") {
  CHECK(trim_space(" \t\r\n\v\fa b\n") == "a b");
  CHECK(trim_space("a") == "a");
  CHECK(trim_space(" \n") == "");
  CHECK(trim_space("") == "");
}

TEST_CASE("text: well-formed UTF-8 only", "[protocol]") {
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

TEST_CASE("text: quotes and escapes as Go's", "[protocol]") {
  CHECK(quoted("") == R"("")");
  CHECK(quoted("a b'c") == R"("a b'c")");
  CHECK(quoted("\"\\\a\b\f\n\r\t\v") == R"("\"\\\a\b\f\n\r\t\v")");
  CHECK(quoted(std::string_view{"\0\x1b\x7f", 3}) == R"("\x00\x1b\x7f")");
  CHECK(quoted("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xb3") ==
        "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xb3\"");
  CHECK(quoted("\xc2\x85") == R"("\u0085")");
  // Cut, overlong, surrogate, too large, stray.
  CHECK(quoted("\xc3") == R"("\xc3")");
  CHECK(quoted("\xc0\xaf") == R"("\xc0\xaf")");
  CHECK(quoted("\xe0\x80\xaf") == R"("\xe0\x80\xaf")");
  CHECK(quoted("\xed\xa0\x80") == R"("\xed\xa0\x80")");
  CHECK(quoted("\xf4\x90\x80\x80") == R"("\xf4\x90\x80\x80")");
  CHECK(quoted("\xf0\x80\x80\x80") == R"("\xf0\x80\x80\x80")");
  CHECK(quoted("\x80") == R"("\x80")");
}
