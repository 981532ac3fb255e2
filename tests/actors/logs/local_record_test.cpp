#include "actors/logs/local_record.hpp"

#include <catch2/catch.hpp>

using namespace gantry::logs;
using namespace std::string_literals;

TEST_CASE("local record: as dockerd writes it", "[actors][logs]") {
  // Captured from dockerd 20.10: `printf 'a\tb\r\n'`.
  const auto captured =
      "\0\0\0\x18\x0a\x06stdout\x10\x88\xb2\x9e\xed\xec\xab\x93\xf5\x18\x1a\4a\tb\r"
      "\0\0\0\x18"s;
  record r;
  std::string buffer;
  REQUIRE(read_local_record(captured, r, buffer));
  CHECK(r.bytes == "a\tb\r\n");
  CHECK_FALSE(r.partial);
  CHECK(r.from == source::out);
  std::string out;
  append_local_record(out, source::out, r.time, "a\tb\r", false);
  CHECK(out == captured);
}

TEST_CASE("local record: metadata of partial lines is skipped", "[actors][logs]") {
  const auto captured =
      "\0\0\0\x5f\x0a\6stderr\x10\x90\xa7\x9e\x83\xed\xab\x93\xf5\x18\x1a\3err \1*D\x12@"
      "c0ddbe5c76d63e12a7a537e76245c1c410a0fa0b3485bd74e30d1d0f7a851030\x18\1\0\0\0\x5f"s;
  record r;
  std::string buffer;
  REQUIRE(read_local_record(captured, r, buffer));
  CHECK(r.bytes == "err");
  CHECK(r.partial);
  CHECK(r.from == source::err);
}

TEST_CASE("local record: what was written is read, from either end", "[actors][logs]") {
  for (const auto& text : {""s, "x"s, "\0\n\xff"s, std::string(16384, 'y')}) {
    for (bool partial : {false, true}) {
      std::string out;
      append_local_record(out, source::err, -5, text, partial);
      CHECK(local_size_before(out + "more") == out.size());
      CHECK(local_size_behind("before" + out) == out.size());
      record r;
      std::string buffer;
      REQUIRE(read_local_record(out, r, buffer));
      CHECK(r.bytes == (partial ? text : text + '\n'));
      CHECK(r.time == -5);
      CHECK(r.partial == partial);
    }
  }
}

TEST_CASE("local record: what is torn or damaged is none", "[actors][logs]") {
  std::string whole;
  append_local_record(whole, source::out, 1, "text", true);
  record r;
  std::string buffer;
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK_FALSE(read_local_record(whole.substr(0, size), r, buffer));
  for (std::size_t at = 0; at < 4; ++at) {
    auto damaged = whole;
    damaged[at] ^= 1;
    CHECK_FALSE(read_local_record(damaged, r, buffer));
  }
  CHECK_FALSE(read_local_record("\0\0\0\2\x0a\x7f\0\0\0\2"s, r, buffer));
  CHECK_FALSE(local_size_before("\0\0\0\0\x0a"s));
  CHECK_FALSE(local_size_before("\x7f\0\0\0\x0a"s));
}
