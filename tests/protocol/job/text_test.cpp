#include "protocol/job/text.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using gantry::job::last_line;
using gantry::job::line_splitter;
using gantry::job::split_lines;
using gantry::job::tail;

TEST_CASE("tail: T7 last lines as 1.2.0 took them", "[protocol][job]") {
  struct row {
    std::string_view text;
    int n;
    std::string_view expected;
  };
  const row rows[] = {
      {"a\nb\nc\n", 1, "c"},
      {"a\nb\nc", 1, "c"},
      {"a\nb\nc\n", 2, "b\nc"},
      {"a\nb\nc\n", 3, "a\nb\nc"},
      {"a\nb\nc\n", 4, "a\nb\nc"},
      {"a\nb\n", 0, ""},
      {"a\nb\n", -1, ""},
      {"a\n\n", 1, ""},
      {"a\n\n", 2, "a\n"},
      {"\n", 1, ""},
      {"\n\n", 1, ""},
      {"\n\n", 2, "\n"},
      {"\na", 1, "a"},
      {"\na", 2, "\na"},
      {"", 1, ""},
      {"a", 1, "a"},
      {"a \n", 1, "a "},
  };
  for (const auto& r : rows) {
    CAPTURE(r.text, r.n);
    CHECK(tail(r.text, r.n) == r.expected);
  }
}

TEST_CASE("last_line: K-17 the last line that is not blank", "[protocol][job]") {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"a\nb\n", "b"},
      {"a\nb\n\n \t\n", "b"},
      {"a\r\nb \r\n", "b"},
      {"one", "one"},
      {"a\n  b", "  b"},
      {"\n\n", ""},
      {"", ""},
      {" ", ""},
  };
  for (const auto& [text, expected] : rows) {
    CAPTURE(text);
    CHECK(last_line(text) == expected);
  }
}

TEST_CASE("split_lines: ends are dropped, blank lines stay", "[protocol][job]") {
  using lines = std::vector<std::string_view>;
  CHECK(split_lines("a\nb\n") == lines{"a", "b"});
  CHECK(split_lines("a\r\n\r\nb") == lines{"a", "", "b"});
  CHECK(split_lines("\n\n") == lines{"", ""});
  CHECK(split_lines("a\rb\r\r\n") == lines{"a\rb\r"});
  CHECK(split_lines("").empty());
}

TEST_CASE("line_splitter: any cut of the input gives the same lines", "[protocol][job]") {
  const std::string text = "one\n\nthree\r\nfour\rx\n\r\nlast";
  const std::vector<std::string> expected{"one", "", "three", "four\rx", "", "last"};
  for (std::size_t a = 0; a <= text.size(); ++a) {
    for (std::size_t b = a; b <= text.size(); ++b) {
      std::vector<std::string> lines;
      const auto add = [&](std::string_view line) { lines.emplace_back(line); };
      line_splitter splitter;
      splitter.push(std::string_view{text}.substr(0, a), add);
      splitter.push(std::string_view{text}.substr(a, b - a), add);
      splitter.push(std::string_view{text}.substr(b), add);
      splitter.finish(add);
      splitter.finish(add); // nothing is left
      REQUIRE(lines == expected);
    }
  }
}

TEST_CASE("line_splitter: a long line comes in parts", "[protocol][job]") {
  const std::string text = "abcd\nabcde\nabcdefgh\nabcdefghi";
  const std::vector<std::string> expected{"abcd", "abcd", "e", "abcd", "efgh", "abcd", "efgh", "i"};
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    CAPTURE(cut);
    std::vector<std::string> lines;
    const auto add = [&](std::string_view line) { lines.emplace_back(line); };
    line_splitter splitter{4};
    splitter.push(std::string_view{text}.substr(0, cut), add);
    splitter.push(std::string_view{text}.substr(cut), add);
    splitter.finish(add);
    CHECK(lines == expected);
  }
}
