#include "protocol/monitor/messages.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace gantry;
using namespace gantry::monitor;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

std::string bytes_of(const request& message) {
  std::string out;
  encode(out, message);
  return out;
}

std::string bytes_of(const event& message) {
  std::string out;
  encode(out, message);
  return out;
}

// Decodes `bytes` fed in pieces of `step`; each message is encoded again, so views need not live.
template <class Decoder>
std::string echo(std::string_view bytes, std::size_t step) {
  Decoder decoder;
  std::string out;
  while (!bytes.empty()) {
    auto piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    for (;;) {
      auto message = decoder.next(piece);
      REQUIRE(message.has_value());
      if (!*message)
        break;
      encode(out, **message);
    }
    REQUIRE(piece.empty());
  }
  return out;
}

template <class Decoder>
std::string error_of(std::string_view bytes) {
  Decoder decoder;
  auto message = decoder.next(bytes);
  REQUIRE(message.has_error());
  CHECK(message.error().kind == errc::invalid_parameter);
  return message.error().message;
}

const std::vector<request>& all_requests() {
  static const std::vector<request> all{
      start_request{7},
      resize_request{8, 24, 80},
      signal_request{9, 15},
      reopen_log_request{10},
      attach_request{11, true, true, false, true, 10'000},
      detach_request{12},
      input_bytes{"abc"},
      input_bytes{""},
      input_end{},
      close_input_request{13},
      await_log_request{{0x0102030405060708, 42}},
  };
  return all;
}

const std::vector<event>& all_events() {
  static const std::vector<event> all{
      hello{1, process_state::exited, 4711, 1'700'000'000'123'456'789, true, {137, 9, 99, true}},
      done{7, errc::none, ""},
      done{7, errc::conflict, "no terminal"},
      attached{11, {5, 6}},
      output_bytes{source::err, "xyz\n"},
      output_gap{1, std::uint64_t{1} << 40},
      input_credit{131'072},
      input_closed{},
      log_grew{{1, 2}},
      started_event{-1},
      oom_event{},
      exited{{255, 0, 3, false}},
  };
  return all;
}

} // namespace

TEST_CASE("messages: bytes on the wire", "[protocol][monitor]") {
  CHECK(bytes_of(request{start_request{0x01020304}}) == "\0\0\0\0\0\0\0\4\1\2\3\4"s);
  CHECK(bytes_of(request{resize_request{1, 24, 0x150}}) ==
        "\1\0\0\0\0\0\0\x08\0\0\0\1\0\x18\1\x50"s);
  CHECK(bytes_of(request{attach_request{2, true, false, true, false, 256}}) ==
        "\4\0\0\0\0\0\0\x0c\0\0\0\2\1\0\1\0\0\0\1\0"s);
  CHECK(bytes_of(request{input_bytes{"hi"}}) == "\6\0\0\0\0\0\0\2hi"s);
  CHECK(bytes_of(request{input_end{}}) == "\7\0\0\0\0\0\0\0"s);
  CHECK(bytes_of(event{output_bytes{source::err, "hi"}}) == "\x83\0\0\0\0\0\0\3\2hi"s);
  CHECK(bytes_of(event{done{3, errc::not_found, "no"}}) == "\x81\0\0\0\0\0\0\7\0\0\0\3\1no"s);
  CHECK(bytes_of(event{exited{{137, 9, 1, true}}}) ==
        "\x8a\0\0\0\0\0\0\x11\0\0\0\x89\0\0\0\x09\0\0\0\0\0\0\0\1\1"s);
}

TEST_CASE("messages: each comes back as it went, however the stream is cut",
          "[protocol][monitor]") {
  std::string requests;
  for (const auto& one : all_requests()) {
    auto bytes = bytes_of(one);
    std::string_view rest = bytes;
    auto back = request_decoder{}.next(rest);
    REQUIRE(back.has_value());
    CHECK((*back == one && rest.empty()));
    requests += bytes;
  }
  std::string events;
  for (const auto& one : all_events()) {
    auto bytes = bytes_of(one);
    std::string_view rest = bytes;
    auto back = event_decoder{}.next(rest);
    REQUIRE(back.has_value());
    CHECK((*back == one && rest.empty()));
    events += bytes;
  }
  for (std::size_t step : {1u, 2u, 3u, 7u, 8u, 9u, 13u, 64u, 4096u}) {
    CHECK(echo<request_decoder>(requests, step) == requests);
    CHECK(echo<event_decoder>(events, step) == events);
  }
}

TEST_CASE("messages: a whole message is not copied", "[protocol][monitor]") {
  const auto bytes = bytes_of(event{output_bytes{source::out, "payload"}});
  std::string_view rest = bytes;
  auto message = event_decoder{}.next(rest);
  REQUIRE(message.has_value());
  CHECK(std::get<output_bytes>(**message).bytes.data() == bytes.data() + header_size + 1);
}

TEST_CASE("messages: the head of output goes before its bytes", "[protocol][monitor]") {
  const std::string payload(largest_piece, 'x');
  CHECK(output_head(source::out, payload.size()) + payload ==
        bytes_of(event{output_bytes{source::out, payload}}));
  CHECK(output_head(source::err, 0) == bytes_of(event{output_bytes{source::err, ""}}));
}

TEST_CASE("messages: texts are cut to the longest piece", "[protocol][monitor]") {
  const std::string text(largest_piece + 5, 'x');
  const auto bytes = bytes_of(event{done{1, errc::system, text}});
  std::string_view rest = bytes;
  auto message = event_decoder{}.next(rest);
  REQUIRE(message.has_value());
  CHECK(std::get<done>(**message).text.size() == largest_piece);
}

TEST_CASE("messages: what is malformed is refused", "[protocol][monitor]") {
  CHECK(error_of<request_decoder>("\x0a\0\0\0\0\0\0\0"s) == "unknown request 10");
  CHECK(error_of<request_decoder>("\x83\0\0\0\0\0\0\0"s) == "unknown request 131");
  CHECK(error_of<event_decoder>("\0\0\0\0\0\0\0\0"s) == "unknown event 0");
  CHECK(error_of<request_decoder>("\0\0\0\0\0\0\0\3\1\2\3"s) == "malformed request 0");
  CHECK(error_of<request_decoder>("\0\0\0\0\0\0\0\5\1\2\3\4\5"s) == "malformed request 0");
  CHECK(error_of<request_decoder>("\4\0\0\0\0\0\0\x0c\0\0\0\2\2\0\1\0\0\0\1\0"s) ==
        "malformed request 4");
  CHECK(error_of<event_decoder>("\x83\0\0\0\0\0\0\2\3x"s) == "malformed event 131");
  CHECK(error_of<request_decoder>("\6\0\0\0\0\2\0\1"s) == "message of 131073 bytes");
  CHECK(error_of<request_decoder>("\6\0\0\0\xff\xff\xff\xff"s) == "message of 4294967295 bytes");
}

TEST_CASE("messages: one that is not whole yet waits", "[protocol][monitor]") {
  request_decoder decoder;
  for (std::string_view piece : {"\6\0\0\0\0\0"sv, "\0\4ab"sv, "c"sv}) {
    auto message = decoder.next(piece);
    REQUIRE(message.has_value());
    CHECK_FALSE(message->has_value());
  }
  std::string_view last = "d\7";
  auto message = decoder.next(last);
  REQUIRE(message.has_value());
  REQUIRE(message->has_value());
  CHECK(std::get<input_bytes>(**message).bytes == "abcd");
  CHECK(last == "\7");
}
