#include "protocol/utf8.hpp"

#include <catch2/catch.hpp>

#include <string>

TEST_CASE("utf8: what is none is replaced byte by byte", "[protocol]") {
  const auto mended = [](std::string text) {
    gantry::mend_utf8(text);
    return text;
  };
  CHECK(mended("") == "");
  CHECK(mended("gr\xc3\xbc\xc3\x9f") == "gr\xc3\xbc\xc3\x9f");
  CHECK(mended("\xff") == "\xef\xbf\xbd");
  CHECK(mended("a\xc3"
               "b\xe2\x82") == "a\xef\xbf\xbd"
                               "b\xef\xbf\xbd\xef\xbf\xbd");
}
