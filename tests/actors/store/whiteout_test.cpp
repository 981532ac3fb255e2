#include "actors/store/whiteout.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>

using gantry::store::place_of;
using gantry::store::whiteout_form;
using gantry::store::whiteout_kind;

namespace {

// `DIRECTORY|NAME`, with `-` before it for a whiteout, `=` for an opaque directory, `~` for what is
// ignored; `!TEXT` for an error.
std::string placed(std::string_view path, whiteout_form form = whiteout_form::overlay) {
  const auto place = place_of(path, form);
  if (!place.has_value())
    return '!' + place.error().message;
  const char* sign = "";
  switch (place->whiteout) {
  case whiteout_kind::none:
    break;
  case whiteout_kind::remove:
    sign = "-";
    break;
  case whiteout_kind::opaque:
    sign = "=";
    break;
  case whiteout_kind::ignore:
    sign = "~";
    break;
  }
  return sign + place->directory + '|' + place->name;
}

} // namespace

TEST_CASE("whiteout: a path becomes directory and name", "[actors][store]") {
  CHECK(placed("a") == "|a");
  CHECK(placed("a/b/c") == "a/b|c");
  CHECK(placed("/a/b") == "a|b");
  CHECK(placed("//a///b//") == "a|b");
  CHECK(placed("./a/./b/.") == "a|b");
  CHECK(placed("a/../b") == "|b");
  CHECK(placed("a/b/../../c") == "|c");
  CHECK(placed("/../../etc") == "|etc");
  CHECK(placed("a/..") == "|");
  CHECK(placed(".") == "|");
  CHECK(placed("./") == "|");
  CHECK(placed("/") == "|");
  CHECK(placed("...") == "|...");
  CHECK(placed("..a/b..") == "..a|b..");
  CHECK(placed("a b/\xff\xfe") == "a b|\xff\xfe");
  CHECK(placed("a\\b") == "|a\\b");
  CHECK(place_of("a/b", whiteout_form::overlay)->path() == "a/b");
  CHECK(place_of("b", whiteout_form::overlay)->path() == "b");
}

TEST_CASE("whiteout: a path that leaves the layer is refused", "[actors][store]") {
  CHECK(placed("..") == "!\"..\" is outside of the layer");
  CHECK(placed("../a") == "!\"../a\" is outside of the layer");
  CHECK(placed("a/../../b") == "!\"a/../../b\" is outside of the layer");
  CHECK(placed("./../b") == "!\"./../b\" is outside of the layer");
  CHECK(placed("") == "!\"\" is not the name of a file");
}

TEST_CASE("whiteout: names that speak of the layers below", "[actors][store]") {
  CHECK(placed(".wh.a") == "-|a");
  CHECK(placed("x/.wh.a") == "-x|a");
  CHECK(placed("x/.wh.a/") == "-x|a");
  CHECK(placed("x/.wh...a") == "-x|..a");
  CHECK(placed("x/.wh..wh..opq") == "=x|.wh..wh..opq");
  CHECK(placed(".wh..wh..opq") == "=|.wh..wh..opq");
  CHECK(placed(".wh..wh.plnk") == "~|.wh..wh.plnk");
  CHECK(placed(".wh..wh.plnk/123.456") == "~.wh..wh.plnk|123.456");
  CHECK(placed("x/.wh..wh.aufs") == "~x|.wh..wh.aufs");
  CHECK(placed("x/.wh.a/b") == "~x/.wh.a|b");
  CHECK(placed("x/wh.a") == "x|wh.a");
  CHECK(placed("x/.wha") == "x|.wha");
  CHECK(placed("x/.wh.") == "!\"x/.wh.\" is not a valid whiteout name");
  CHECK(placed("x/.wh..") == "!\"x/.wh..\" is not a valid whiteout name");
  CHECK(placed("x/.wh...") == "!\"x/.wh...\" is not a valid whiteout name");
}

TEST_CASE("whiteout: in the literal form they are names like others", "[actors][store]") {
  for (const auto* path : {".wh.a", ".wh..wh..opq", ".wh..wh.plnk", ".wh.", ".wh..", ".wh..."})
    CHECK(placed(path, whiteout_form::literal) == '|' + std::string{path});
  CHECK(placed("x/.wh.a/b", whiteout_form::literal) == "x/.wh.a|b");
  CHECK(placed(".wh.a", whiteout_form::overlay_user) == "-|a");
}
