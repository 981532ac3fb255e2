#include "protocol/http/response_parser.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace {

using gantry::http::response_parser;

/// Everything about an answer that comes in pieces of `step` bytes and then ends: `200 BODY`, or
/// what was wrong.
std::string answer(std::string_view bytes, std::size_t step) {
  response_parser parser;
  std::string body;
  while (!bytes.empty()) {
    auto taken = parser.feed(bytes.substr(0, step), body);
    if (!taken)
      return taken.error().message;
    if (*taken)
      return std::to_string(parser.status()) + ' ' + body;
    bytes.remove_prefix(std::min(step, bytes.size()));
  }
  if (auto finished = parser.finish(); !finished)
    return finished.error().message;
  return std::to_string(parser.status()) + ' ' + body;
}

void check_answer(std::string_view bytes, std::string_view expected) {
  INFO(bytes);
  for (std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{7}, bytes.size()})
    CHECK(answer(bytes, step) == expected);
}

} // namespace

TEST_CASE("response_parser: the ways in which a body ends", "[protocol][http]") {
  check_answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "200 {}");
  check_answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200 ");
  check_answer("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
               "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: 1\r\n\r\n",
               "404 abcdefg");
  check_answer("HTTP/1.0 200 OK\r\n\r\nto the end", "200 to the end");
  check_answer("HTTP/1.1 204 No Content\r\n\r\n", "204 ");
  check_answer("HTTP/1.1 304 \r\nContent-Length: 5\r\n\r\n", "304 ");
  check_answer("HTTP/1.1 200\r\ncontent-length: 1\r\n\r\nx", "200 x");
}

TEST_CASE("response_parser: interim answers are passed over", "[protocol][http]") {
  check_answer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
               "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
               "200 x");
}

TEST_CASE("response_parser: what ends too early is told", "[protocol][http]") {
  constexpr auto early = "it ended before its end";
  check_answer("HTTP/1.1 200 O", early);
  check_answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", early);
  check_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", early);
}

TEST_CASE("response_parser: what is no answer is refused", "[protocol][http]") {
  check_answer("SSH-2.0-OpenSSH_9.2p1\r\n\r\n", "malformed status line");
  check_answer("220 mail ESMTP", "malformed status line");
  check_answer("HTTP/1.1 20 OK\r\n\r\n", "malformed status line");
  check_answer("HTTP/2.0 200 OK\r\n\r\n", "malformed status line");
  check_answer("HTTP/1.1 099 OK\r\n\r\n", "malformed status line");
  check_answer("HTTP/1.1 200OK\r\n\r\n", "malformed status line");
  check_answer("HTTP/1.1 200 OK\r\nname value\r\n\r\n", "malformed header field");
  check_answer("HTTP/1.1 200 OK\r\na: b\r\n folded\r\n\r\n", "malformed header field");
  check_answer("HTTP/1.1 200 OK\r\na: b\nc: d\r\n\r\n", "malformed header field");
  check_answer("HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc", "malformed Content-Length");
  check_answer("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
               "malformed Content-Length");
  check_answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
               "its length is told twice");
  check_answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
               "its length is told twice");
  check_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
               "unknown transfer coding");
  check_answer("HTTP/1.1 101 Switching Protocols\r\n\r\n", "it switches protocols");
}

TEST_CASE("response_parser: a head has a bound", "[protocol][http]") {
  response_parser parser{{.head = 100}};
  std::string body;
  const std::string begin = "HTTP/1.1 200 OK\r\nName: ";
  CHECK(parser.feed(begin + std::string(100 - begin.size(), 'x'), body).value() == false);
  CHECK(parser.feed("x", body).error().message == "head too large");
}

TEST_CASE("response_parser: fields are found whatever their case", "[protocol][http]") {
  response_parser parser;
  std::string body;
  REQUIRE(parser.feed("HTTP/1.1 200 OK\r\nContent-Type:  text/event-stream \r\n\r\nid", body)
              .has_value());
  CHECK(parser.head_done());
  CHECK_FALSE(parser.done());
  CHECK(parser.header("content-type") == "text/event-stream");
  CHECK(parser.header("other").empty());
  CHECK(body == "id");
}
