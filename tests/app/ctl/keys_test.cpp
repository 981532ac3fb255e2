#include "app/ctl/keys.hpp"

#include <catch2/catch.hpp>

using namespace gantry::ctl;

namespace {

using presses = std::vector<key_press>;

presses typed(std::string_view bytes) {
  key_reader reader;
  auto keys = reader.feed(bytes);
  for (auto& each : reader.flush())
    keys.push_back(std::move(each));
  return keys;
}

presses only(key what) { return {{what, {}}}; }

} // namespace

TEST_CASE("keys: characters, also those of several bytes", "[app][ctl]") {
  CHECK(typed("q") == presses{{key::character, "q"}});
  CHECK(typed("a\xc3\xa4") == presses{{key::character, "a"}, {key::character, "\xc3\xa4"}});
  CHECK(typed("\xff") == presses{});
}

TEST_CASE("keys: what terminals send", "[app][ctl]") {
  CHECK(typed("\x1b[A") == only(key::up));
  CHECK(typed("\x1bOB") == only(key::down));
  CHECK(typed("\x1b[5~") == only(key::page_up));
  CHECK(typed("\x1b[6~") == only(key::page_down));
  CHECK(typed("\x1b[H") == only(key::home));
  CHECK(typed("\x1b[4~") == only(key::end));
  CHECK(typed("\x1bOP") == only(key::f1));
  CHECK(typed("\x1b[[A") == only(key::f1));
  CHECK(typed("\x1b[15~") == only(key::f5));
  CHECK(typed("\x1b[17~") == only(key::f6));
  CHECK(typed("\x1b[21~") == only(key::f10));
  CHECK(typed("\x1b[1;5C") == only(key::right));
  CHECK(typed("\x1b[5;2~") == only(key::page_up));
  CHECK(typed("\r") == only(key::enter));
  CHECK(typed("\x7f") == only(key::backspace));
  CHECK(typed("\x03") == only(key::interrupt));
  CHECK(typed("\x1a") == only(key::suspend));
  CHECK(typed("\x0c") == only(key::redraw));
  CHECK(typed("\x1b[200~x") == presses{{key::character, "x"}});
}

TEST_CASE("keys: may come in pieces", "[app][ctl]") {
  key_reader reader;
  CHECK(reader.feed("\x1b").empty());
  CHECK(reader.pending());
  CHECK(reader.feed("[").empty());
  CHECK(reader.feed("1").empty());
  CHECK(reader.feed("5~q") == presses{{key::f5, {}}, {key::character, "q"}});
  CHECK_FALSE(reader.pending());
  CHECK(reader.feed("\xc3").empty());
  CHECK(reader.feed("\xa4") == presses{{key::character, "\xc3\xa4"}});
}

TEST_CASE("keys: Esc alone is told by the time", "[app][ctl]") {
  key_reader reader;
  CHECK(reader.feed("\x1b").empty());
  CHECK(reader.flush() == only(key::escape));
  CHECK_FALSE(reader.pending());
  CHECK(typed("\x1bq") == presses{{key::escape, {}}, {key::character, "q"}});
}
