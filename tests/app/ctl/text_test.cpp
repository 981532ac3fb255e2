#include "app/ctl/text.hpp"

#include <catch2/catch.hpp>

using namespace gantry::ctl;
using namespace std::chrono_literals;

TEST_CASE("ctl text: durations are short", "[app][ctl]") {
  CHECK(short_duration(0ns) == "0");
  CHECK(short_duration(-5s) == "0");
  CHECK(short_duration(1ns) == "1ns");
  CHECK(short_duration(999ns) == "999ns");
  CHECK(short_duration(1us) == "1us");
  CHECK(short_duration(1200us) == "1.2ms");
  CHECK(short_duration(9999us) == "9.9ms");
  CHECK(short_duration(15ms) == "15ms");
  CHECK(short_duration(999ms) == "999ms");
  CHECK(short_duration(59s) == "59s");
  CHECK(short_duration(3min) == "3m");
  CHECK(short_duration(90s) == "1.5m");
  CHECK(short_duration(150min) == "2.5h");
  CHECK(short_duration(23h) == "23h");
  CHECK(short_duration(36h) == "1.5d");
  CHECK(short_duration(std::chrono::nanoseconds::max()) == "106751d");
}

TEST_CASE("ctl text: counts are short", "[app][ctl]") {
  CHECK(short_count(0) == "0");
  CHECK(short_count(99999) == "99999");
  CHECK(short_count(100000) == "100k");
  CHECK(short_count(1230000) == "1.2M");
  CHECK(short_count(45000000000) == "45G");
  CHECK(counted(1, "actor") == "1 actor");
  CHECK(counted(0, "actor") == "0 actors");
}

TEST_CASE("ctl text: bytes are short", "[app][ctl]") {
  CHECK(short_bytes(0) == "0B");
  CHECK(short_bytes(1023) == "1023B");
  CHECK(short_bytes(1024) == "1K");
  CHECK(short_bytes(1300) == "1.2K");
  CHECK(short_bytes(47185920) == "45M");
  CHECK(short_bytes(1610612736) == "1.5G");
  CHECK(short_bytes(18446744073709551615u) == "15E");
}

TEST_CASE("ctl text: what would move the cursor is not printed", "[app][ctl]") {
  CHECK(printable("a\x1b[2Jb\r\n\x7f", true) == "a?[2Jb???");
  CHECK(printable("\xc2\x9b"
                  "1m",
                  true) == "?1m");
  CHECK(printable("bad \xff\xc3", true) == "bad ??");
  CHECK(printable("k\xc3\xa4se", true) == "k\xc3\xa4se");
  CHECK(printable("k\xc3\xa4se", false) == "k?se");
  CHECK(printable("\xe2\x80\xae"
                  "evil",
                  true) == "?evil");
}

TEST_CASE("ctl text: widths are those of a terminal", "[app][ctl]") {
  CHECK(display_width("") == 0);
  CHECK(display_width("abc") == 3);
  CHECK(display_width("k\xc3\xa4se") == 4);
  CHECK(display_width("a\xcc\x88") == 1);
  CHECK(display_width("\xe6\xbc\xa2\xe5\xad\x97") == 4);
}

TEST_CASE("ctl text: what is too long is cut, and one sees it", "[app][ctl]") {
  CHECK(cut("abc", 3, true) == "abc");
  CHECK(cut("abcd", 3, true) == "ab…");
  CHECK(cut("abcd", 3, false) == "ab>");
  CHECK(cut("abcd", 1, false) == ">");
  CHECK(cut("abcd", 0, true).empty());
  CHECK(cut("\xe6\xbc\xa2\xe5\xad\x97", 3, false) == "\xe6\xbc\xa2>");
  CHECK(cut("\xe6\xbc\xa2\xe5\xad\x97", 2, false) == ">");
}
