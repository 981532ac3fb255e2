#include "protocol/oci/shell_words.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace gantry;
using namespace gantry::oci;

namespace {

const variables vars = {{"x", "1"},         {"empty", ""},        {"path", "/usr/local/bin"},
                        {"spaced", "a  b"}, {"file", "a.tar.gz"}, {"1", "one"},
                        {"quoted", "'q'"},  {"stars", "a*b?c\\d"}};

struct row {
  std::string text;
  std::string expected;
};

} // namespace

TEST_CASE("shell_words: quotes, escapes and variables", "[protocol][oci]") {
  const row rows[] = {
      {"", ""},
      {"plain", "plain"},
      {"a b", "a b"},
      {"'a b'", "a b"},
      {"\"a b\"", "a b"},
      {"a'b'\"c\"d", "abcd"},
      {"'$x'", "$x"},
      {"'\\'", "\\"},
      {"\"$x\"", "1"},
      {"\"\\$x\"", "$x"},
      {"\"\\\"\"", "\""},
      {"\"\\a\"", "\\a"},
      {"\"it's\"", "it's"},
      {"\\$x", "$x"},
      {"\\\\", "\\"},
      {"a\\", "a"},
      {"$x$x", "11"},
      {"$xy", ""},
      {"${x}y", "1y"},
      {"$none.", "."},
      {"$", "$"},
      {"$.", "$."},
      {"$1", "one"},
      {"$12", ""},
      {"$@", ""},
      {"<", "<"},
      {"<< a", "<< a"},
      {"${x:-d}", "1"},
      {"${none:-d}", "d"},
      {"${empty:-d}", "d"},
      {"${empty-d}", ""},
      {"${none-d}", "d"},
      {"${x:+s}", "s"},
      {"${empty:+s}", ""},
      {"${empty+s}", "s"},
      {"${none+s}", ""},
      {"${none:-$x${x:+y}}", "1y"},
      {"${none:-\"a b\"}", "a b"},
      {"${none:-\\}}", "}"},
      {"${x:?no}", "1"},
      {"${empty?no}", ""},
      {"${path#/*/}", "local/bin"},
      {"${path##*/}", "bin"},
      {"${path%/*}", "/usr/local"},
      {"${path%%/*}", ""},
      {"${file%.*}", "a.tar"},
      {"${file%%.*}", "a"},
      {"${file#?.}", "tar.gz"},
      {"${file#b}", "a.tar.gz"},
      {"${file%b}", "a.tar.gz"},
      {"${stars#a\\*}", "b?c\\d"},
      {"${stars%\\\\d}", "a*b?c"},
      {"${path/usr/opt}", "/opt/local/bin"},
      {"${path/\\//+}", "+usr/local/bin"},
      {"${path//\\//+}", "+usr+local+bin"},
      {"${file//./}", "atargz"},
      {"${file/z*/}", "a.tar.g"},
      {"${none/a/b}", ""},
      {"${file/q/b}", "a.tar.gz"},
      {"\xc3\xa4$x", "\xc3\xa4"
                     "1"},
  };
  for (const auto& r : rows) {
    CAPTURE(r.text);
    auto word = expand_word(r.text, vars);
    REQUIRE(word.has_value());
    CHECK(*word == r.expected);
  }
}

TEST_CASE("shell_words: what is wrong is named", "[protocol][oci]") {
  const row rows[] = {
      {"'a", "unexpected end of statement while looking for matching single-quote"},
      {"\"a", "unexpected end of statement while looking for matching double-quote"},
      {"\"a\\", "unexpected end of statement while looking for matching double-quote"},
      {"${", "syntax error: missing '}'"},
      {"${}", "syntax error: bad substitution"},
      {"${:x}", "syntax error: bad substitution"},
      {"${{x}", "syntax error: bad substitution"},
      {"${x", "unsupported modifier (\xef\xbf\xbd) in substitution"},
      {"${x!y}", "unsupported modifier (!) in substitution"},
      {"${x:", "syntax error: missing '}'"},
      {"${x:!y", "syntax error: missing '}'"},
      {"${x:!y}", "unsupported modifier (:!) in substitution"},
      {"${x:#y}", "unsupported modifier (:#) in substitution"},
      {"${x:-y", "syntax error: missing '}'"},
      {"${x/y", "syntax error: missing '/' in ${}"},
      {"${x/y/z", "syntax error: missing '}'"},
      {"${none?}", "none: is not allowed to be unset"},
      {"${none:?}", "none: is not allowed to be unset"},
      {"${empty:?}", "empty: is not allowed to be empty"},
      {"${none?give it}", "none: give it"},
      {"${x#\\a}", "invalid pattern (\\a) in substitution: invalid escape '\\a'"},
  };
  for (const auto& r : rows) {
    CAPTURE(r.text);
    auto word = expand_word(r.text, vars);
    REQUIRE(word.has_error());
    CHECK(word.error().message == "failed to process " + quoted(r.text) + ": " + r.expected);
  }
}

TEST_CASE("shell_words: words end at space outside of quotes", "[protocol][oci]") {
  using words = std::vector<std::string>;
  CHECK(expand_words("a  b\tc", vars).value() == words{"a", "b", "c"});
  CHECK(expand_words(" 'a b' \"c d\" ", vars).value() == words{"a b", "c d"});
  CHECK(expand_words("$spaced", vars).value() == words{"a", "b"});
  CHECK(expand_words("\"$spaced\"", vars).value() == words{"a  b"});
  CHECK(expand_words("a\\ b", vars).value() == words{"a b"});
  CHECK(expand_words("x$none y", vars).value() == words{"x", "y"});
  CHECK(expand_words("'' a", vars).value() == words{"a"});
  CHECK(expand_words("", vars).value().empty());
  CHECK(expand_words("<< EOF x", vars).value() == words{"<< EOF", "x"});
}

TEST_CASE("shell_words: other rules", "[protocol][oci]") {
  CHECK(expand_word("a`$x\\", vars, {.escape = '`'}).value() == "a$x\\");
  CHECK(expand_word("'a' \"b\" \\c", vars, {.keep_quotes = true, .keep_escapes = true}).value() ==
        "'a' \"b\" \\c");
  CHECK(
      expand_word("$none ${none} ${none:-d} ${none/a/b} $x", vars, {.keep_unset = true}).value() ==
      "$none ${none} ${none:-d} ${none/a/b} 1");
}

TEST_CASE("shell_words: deep nesting is refused, long patterns take no time", "[protocol][oci]") {
  std::string deep;
  for (int i = 0; i < 10000; ++i)
    deep += "${a:-";
  CHECK(expand_word(deep, vars).has_error());
  std::string stars;
  for (int i = 0; i < 200; ++i)
    stars += "*a";
  variables many{{"x", std::string(500, 'a')}};
  CHECK(expand_word("${x##" + stars + "b}", many).value() == many["x"]);
}

TEST_CASE("shell_words: quoting", "[protocol][oci]") {
  CHECK(quoted("a\"b\\c\n\t\x01\xff\xc3\xa4") == "\"a\\\"b\\\\c\\n\\t\\x01\\xff\xc3\xa4\"");
  CHECK(trim_space(" \t a b\r\n") == "a b");
  CHECK(trim_space("  ") == "");
}
