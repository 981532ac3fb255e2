#include "actors/containers/websocket_format.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gantry;
using namespace gantry::containers;
using namespace std::string_literals;

namespace {

const std::string ping_x = "\x89\x81\x00\x00\x00\x00x"s; // with a mask that changes nothing
const std::string data_in = "\x82\x82\x00\x00\x00\x00in"s;
const std::string close_in = "\x88\x80\x00\x00\x00\x00"s;

struct websocket_side {
  std::unique_ptr<attach_format> format = websocket_attach_format(websocket_kind::binary);
  std::string input;
  std::string output;

  /// `true` or `false`, or the error.
  std::string take(const std::string& bytes) {
    const auto more = format->take(bytes, input, output);
    return more ? (*more ? "true" : "false") : more.error().message;
  }
};

} // namespace

TEST_CASE("websocket_format: output in messages, of both streams", "[actors][containers]") {
  websocket_side side;
  side.format->put(side.output, stream::channel::standard_output, "out");
  side.format->put(side.output, stream::channel::standard_error, "e");
  side.format->end(side.output);
  CHECK(side.output == "\x82\x03out\x82\x01\x65\x88\x02\x03\xe8");
  std::string text;
  websocket_attach_format(websocket_kind::text)->put(text, stream::channel::standard_output, "o");
  CHECK(text == "\x81\x01o");
}

TEST_CASE("websocket_format: input, and a ping that is answered", "[actors][containers]") {
  websocket_side side;
  CHECK(side.format->answers());
  CHECK(side.take(data_in + ping_x + data_in) == "true");
  CHECK(side.input == "inin");
  CHECK(side.output == "\x8a\x01x");
}

TEST_CASE("websocket_format: a client that closes hears no more", "[actors][containers]") {
  websocket_side side;
  CHECK_FALSE(side.format->is_closed());
  CHECK(side.take(data_in + close_in + data_in) == "false");
  CHECK(side.format->is_closed());
  CHECK(side.input == "in");
  CHECK(side.output == "\x88\x02\x03\xe8");
  side.format->put(side.output, stream::channel::standard_output, "late");
  side.format->end(side.output);
  CHECK(side.take(ping_x) == "false");
  CHECK(side.output == "\x88\x02\x03\xe8");
}

TEST_CASE("websocket_format: a client that breaks the rules is told so", "[actors][containers]") {
  websocket_side side;
  CHECK(side.take("\x82\x01x") == "not a WebSocket frame: it is not masked");
  CHECK(side.format->is_closed());
  CHECK(side.output == "\x88\x02\x03\xea");
}
