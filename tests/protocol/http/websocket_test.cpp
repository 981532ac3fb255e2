#include "protocol/http/websocket.hpp"

#include "protocol/http/request_parser.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace gantry;
using namespace gantry::http;
using namespace std::string_literals;

namespace {

using opcode = websocket_opcode;

constexpr const char* good_handshake = "Connection: keep-alive, Upgrade\r\n"
                                       "Upgrade: WebSocket\r\n"
                                       "Sec-WebSocket-Version: 13\r\n"
                                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

std::shared_ptr<const request> asked_with(const std::string& lines) {
  request_parser parser;
  return parser.parse_head("GET /x HTTP/1.1\r\nHost: d\r\n" + lines + "\r\n").head;
}

std::string refusal_of(const std::string& lines) {
  const auto checked = check_websocket_request(*asked_with(lines));
  return checked ? "none" : checked.error().message;
}

std::string frame(opcode code, std::string_view payload) {
  std::string out;
  append_websocket_frame(out, code, payload);
  return out;
}

// As a client sends it: with the mask of the examples of RFC 6455 §5.7.
std::string masked(std::uint8_t first, std::string_view payload) {
  const std::string mask = "\x37\xfa\x21\x3d";
  std::string out{static_cast<char>(first)};
  if (payload.size() < 126) {
    out += static_cast<char>(0x80U | payload.size());
  } else {
    out += static_cast<char>(0xfe);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size() & 0xff);
  }
  out += mask;
  for (std::size_t i = 0; i < payload.size(); ++i)
    out += static_cast<char>(payload[i] ^ mask[i % 4]);
  return out;
}

std::string decoded(const std::string& bytes) {
  websocket_decoder decoder;
  std::string data;
  const auto said = decoder.decode(bytes, data);
  return said ? data : said.error().message;
}

} // namespace

TEST_CASE("websocket: the handshake of the standard", "[protocol][http]") {
  const auto request = asked_with(good_handshake);
  CHECK(check_websocket_request(*request).has_value());
  std::string answer;
  append_websocket_upgrade(answer, *request);
  CHECK(answer == "HTTP/1.1 101 Switching Protocols\r\n"
                  "Upgrade: websocket\r\n"
                  "Connection: Upgrade\r\n"
                  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                  "\r\n");
}

TEST_CASE("websocket: a subprotocol is agreed to if there is no choice", "[protocol][http]") {
  const auto agreed = [](const std::string& offered) {
    std::string answer;
    append_websocket_upgrade(
        answer, *asked_with(good_handshake + ("Sec-WebSocket-Protocol: " + offered + "\r\n")));
    const auto at = answer.find("Sec-WebSocket-Protocol: ");
    return at == answer.npos ? "" : answer.substr(at + 24, answer.find("\r\n", at) - at - 24);
  };
  CHECK(agreed("tty") == "tty");
  CHECK(agreed("a, b") == "");
}

TEST_CASE("websocket: what is no handshake", "[protocol][http]") {
  const auto without = [](const std::string& line, const std::string& instead = {}) {
    std::string lines = good_handshake;
    const auto at = lines.find(line);
    return refusal_of(lines.replace(at, lines.find("\r\n", at) + 2 - at, instead));
  };
  const std::string prefix = "not a WebSocket handshake: ";
  CHECK(without("Connection") == prefix + "no Upgrade to websocket");
  CHECK(without("Upgrade: ", "Upgrade: tcp\r\n") == prefix + "no Upgrade to websocket");
  CHECK(without("Sec-WebSocket-Version") == prefix + "Sec-WebSocket-Version is not 13");
  CHECK(without("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8\r\n") ==
        prefix + "Sec-WebSocket-Version is not 13");
  CHECK(without("Sec-WebSocket-Key") == prefix + "no Sec-WebSocket-Key");
  CHECK(without("Sec-WebSocket-Key", "Sec-WebSocket-Key: x\r\n") ==
        prefix + "no Sec-WebSocket-Key");
}

TEST_CASE("websocket: frames of the server", "[protocol][http]") {
  CHECK(frame(opcode::text, "Hello") == "\x81\x05Hello");
  CHECK(frame(opcode::binary, "") == "\x82\x00"s);
  CHECK(frame(opcode::pong, "Hello") == "\x8a\x05Hello");
  CHECK(frame(opcode::binary, std::string(125, 'x')).substr(0, 2) == "\x82\x7d");
  CHECK(frame(opcode::binary, std::string(126, 'x')).substr(0, 4) == "\x82\x7e\x00\x7e"s);
  CHECK(frame(opcode::binary, std::string(65535, 'x')).substr(0, 4) == "\x82\x7e\xff\xff");
  CHECK(frame(opcode::binary, std::string(65536, 'x')).substr(0, 10) ==
        "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s);
  std::string close;
  append_websocket_close(close, websocket_status::normal);
  CHECK(close == "\x88\x02\x03\xe8");
}

TEST_CASE("websocket: frames of a client", "[protocol][http]") {
  CHECK(decoded("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58") == "Hello"); // RFC 6455 §5.7
  CHECK(decoded(masked(0x01, "Hel") + masked(0x80, "lo")) == "Hello");       // in pieces
  CHECK(decoded(masked(0x82, "a") + masked(0x81, "") + masked(0x82, "b")) == "ab");
  const std::string large(1000, 'y');
  CHECK(decoded(masked(0x82, large)) == large);
  // A length in eight bytes, though it would do with fewer.
  CHECK(decoded("\x82\xff\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00z"s) == "z");
}

TEST_CASE("websocket: it does not matter how bytes are cut", "[protocol][http]") {
  const auto bytes = masked(0x02, "one ") + masked(0x89, "ping") +
                     masked(0x80, std::string(300, 't')) + masked(0x88, "\x03\xe8 bye");
  for (std::size_t step = 1; step < bytes.size(); ++step) {
    websocket_decoder decoder;
    std::string data;
    std::vector<std::string> said;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      const auto found = decoder.decode(std::string_view{bytes}.substr(at, step), data);
      REQUIRE(found.has_value());
      if (found->ping)
        said.push_back("ping " + *found->ping);
      if (found->close)
        said.push_back("close" + found->close->substr(2));
    }
    CHECK(data == "one " + std::string(300, 't'));
    CHECK(said == std::vector<std::string>{"ping ping", "close bye"});
  }
}

TEST_CASE("websocket: of several pings the last counts, and nothing behind a close",
          "[protocol][http]") {
  websocket_decoder decoder;
  std::string data;
  const auto said = decoder.decode(masked(0x89, "1") + masked(0x8a, "pong") + masked(0x89, "2") +
                                       masked(0x88, "") + masked(0x82, "late") + masked(0x89, "3"),
                                   data);
  REQUIRE(said.has_value());
  CHECK(said->ping == "2");
  CHECK(said->close == "");
  CHECK(data.empty());
  CHECK(decoder.decode("\xff\xff", data).has_value());
}

TEST_CASE("websocket: what no client may send", "[protocol][http]") {
  const std::string prefix = "not a WebSocket frame: ";
  const std::pair<std::string, const char*> rows[] = {
      {"\x82\x01x", "it is not masked"},
      {masked(0xc2, "x"), "a reserved bit is set"},
      {masked(0x83, "x"), "an opcode that is reserved"},
      {masked(0x8b, "x"), "an opcode that is reserved"},
      {masked(0x80, "x"), "nothing that it continues"},
      {masked(0x02, "x") + masked(0x82, "y"), "a message within another"},
      {masked(0x09, "x"), "a control frame in pieces"},
      {masked(0x89, std::string(126, 'x')), "a control frame that is too large"},
      {"\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00mask"s, "its length is negative"},
  };
  for (const auto& [bytes, why] : rows)
    CHECK(decoded(bytes) == prefix + why);
}
