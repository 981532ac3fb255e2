#include "protocol/stream/frame.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>
#include <vector>

using gantry::errc;
using gantry::stream::append_frame;
using gantry::stream::channel;
using gantry::stream::frame_decoder;
using gantry::stream::frame_header;
using gantry::stream::frame_header_size;

namespace {

std::string bytes(std::string_view s) { return std::string{s}; }

template <std::size_t N>
std::string literal(const char (&s)[N]) {
  return {s, N - 1};
}

// Everything a decoder makes of the inputs: `1:text|` per frame, `!error` at the end.
struct decoded {
  frame_decoder decoder;
  std::string text;

  void feed(std::string_view input) {
    for (;;) {
      const auto piece = decoder.next(input);
      if (!piece.has_value()) {
        text += "!" + piece.error().message;
        return;
      }
      if (!*piece) {
        REQUIRE(input.empty());
        return;
      }
      if (!open_)
        text += std::to_string(static_cast<int>((*piece)->from)) + ":";
      text += (*piece)->bytes;
      open_ = !(*piece)->last;
      if (!open_)
        text += "|";
    }
  }

private:
  bool open_ = false;
};

} // namespace

TEST_CASE("frame: M1 header and payload", "[protocol][stream]") {
  std::string out;
  append_frame(out, channel::standard_output, "hi\n");
  append_frame(out, channel::standard_error, "");
  append_frame(out, channel::standard_input, "x");
  append_frame(out, channel::system_error, "bad");
  CHECK(out == literal("\1\0\0\0\0\0\0\3hi\n"
                       "\2\0\0\0\0\0\0\0"
                       "\0\0\0\0\0\0\0\1x"
                       "\3\0\0\0\0\0\0\3"
                       "bad"));
}

TEST_CASE("frame: M1 the size is big endian", "[protocol][stream]") {
  const auto header = frame_header(channel::standard_error, 0x89abcdef);
  CHECK(std::string(header.data(), header.size()) == literal("\2\0\0\0\x89\xab\xcd\xef"));
}

TEST_CASE("frame: M2 any cut of the stream gives the same frames", "[protocol][stream]") {
  const auto stream = literal("\1\0\0\0\0\0\0\3out"
                              "\2\0\0\0\0\0\0\0"
                              "\0\0\0\0\0\0\0\2in"
                              "\2\0\0\0\0\0\0\3err");
  for (std::size_t a = 0; a <= stream.size(); ++a) {
    for (std::size_t b = a; b <= stream.size(); ++b) {
      decoded d;
      d.feed(bytes(stream.substr(0, a)));
      d.feed(bytes(stream.substr(a, b - a)));
      d.feed(bytes(stream.substr(b)));
      REQUIRE(d.text == "1:out|2:|0:in|2:err|");
      REQUIRE_FALSE(d.decoder.mid_frame());
    }
  }
}

TEST_CASE("frame: a payload is handed on as it comes, without a copy", "[protocol][stream]") {
  frame_decoder decoder;
  const auto first = literal("\1\0\0\0\0\0\0\4ab");
  std::string_view input{first};
  const auto piece = decoder.next(input);
  REQUIRE(piece.has_value());
  REQUIRE(piece->has_value());
  CHECK((*piece)->bytes == "ab");
  CHECK((*piece)->bytes.data() == first.data() + frame_header_size);
  CHECK_FALSE((*piece)->last);
  CHECK(decoder.mid_frame());
}

TEST_CASE("frame: M2 the end within a header or payload is silent", "[protocol][stream]") {
  const auto stream = literal("\1\0\0\0\0\0\0\2hi");
  for (std::size_t n = 1; n < stream.size(); ++n) {
    decoded d;
    d.feed(stream.substr(0, n));
    CHECK(d.decoder.mid_frame());
    CHECK(d.text.find('!') == std::string::npos);
  }
}

TEST_CASE("frame: M2 an unknown channel is an error for good", "[protocol][stream]") {
  for (const char type : {'\4', '\x7f', '\xff', '{'}) {
    decoded d;
    d.feed(literal("\1\0\0\0\0\0\0\1a"));
    d.feed(type + literal("\0\0\0\0\0\0\1b"));
    CHECK(d.text == "1:a|!Unrecognized input header");
    d.feed(literal("\1\0\0\0\0\0\0\1a"));
    CHECK(d.text == "1:a|!Unrecognized input header!Unrecognized input header");
  }
}

TEST_CASE("frame: M1 bytes 1 to 3 do not matter to the reader", "[protocol][stream]") {
  decoded d;
  d.feed(literal("\1\7\7\7\0\0\0\1a"));
  CHECK(d.text == "1:a|");
}

TEST_CASE("frame: a system error ends the stream with its text", "[protocol][stream]") {
  const auto stream = literal("\1\0\0\0\0\0\0\1a\3\0\0\0\0\0\0\4oops\1\0\0\0\0\0\0\1b");
  for (std::size_t cut = 0; cut < 21; ++cut) {
    decoded d;
    d.feed(stream.substr(0, cut));
    d.feed(stream.substr(cut));
    REQUIRE(d.text == "1:a|!error from daemon in stream: oops");
  }
  frame_decoder decoder;
  const auto empty = literal("\3\0\0\0\0\0\0\0");
  std::string_view input{empty};
  const auto failure = decoder.next(input);
  REQUIRE_FALSE(failure.has_value());
  CHECK(failure.error() == gantry::api_error{errc::system, "error from daemon in stream: "});
}

TEST_CASE("frame: the text of a system error is bounded", "[protocol][stream]") {
  std::string stream;
  append_frame(stream, channel::system_error, std::string(1 << 20, 'x'));
  frame_decoder decoder;
  std::string_view input{stream};
  const auto failure = decoder.next(input);
  REQUIRE_FALSE(failure.has_value());
  CHECK(failure.error().message == "error from daemon in stream: " + std::string(64 * 1024, 'x'));
}
