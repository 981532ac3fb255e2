#include "protocol/http/response_writer.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gantry::http;

namespace {

const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";

std::string written(const response& r, const write_options& how, std::string_view when = date) {
  std::string out;
  append_response(out, r, how, when);
  return out;
}

} // namespace

TEST_CASE("response_writer: head and body are one run of bytes", "[protocol][http]") {
  const response r{200, {{"Content-Type", "text/plain"}, {"X-Empty", ""}}, "OK"};
  CHECK(written(r, {}) == "HTTP/1.1 200 OK\r\n"
                          "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                          "Content-Type: text/plain\r\n"
                          "X-Empty: \r\n"
                          "Content-Length: 2\r\n"
                          "\r\n"
                          "OK");
  CHECK(written(r, {}, "") == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Empty: \r\n"
                              "Content-Length: 2\r\n\r\nOK");
  std::string behind = "before";
  append_response(behind, {404, {}, ""}, {}, "");
  CHECK(behind == "beforeHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("response_writer: sealed headers go out as the others do", "[protocol][http]") {
  response r{200, {{"Content-Type", "text/plain"}, {"X-Split", "a\r\nb"}}, "OK"};
  const auto plain = written(r, {});
  CHECK(plain.find("X-Split: a  b\r\n") != plain.npos);
  seal_headers(r);
  CHECK(written(r, {}) == plain);
  seal_headers(r);
  CHECK(written(r, {}) == plain);
}

TEST_CASE("response_writer: Connection says what the version does not", "[protocol][http]") {
  const response r{200, {}, ""};
  CHECK(written(r, {.version = 11, .keep_alive = true}, "") ==
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  CHECK(written(r, {.version = 11, .keep_alive = false}, "") ==
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  CHECK(written(r, {.version = 10, .keep_alive = true}, "") ==
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n");
  CHECK(written(r, {.version = 10, .keep_alive = false}, "") ==
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("response_writer: a body is framed as asked and as the version can", "[protocol][http]") {
  const response r{200, {}, "hello, world!!!!"};
  CHECK(written(r, {.framing = response_framing::chunked}, "") ==
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhello, world!!!!\r\n");
  CHECK(written({200, {}, ""}, {.framing = response_framing::chunked}, "") ==
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(written(r, {.framing = response_framing::until_close}, "") ==
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello, world!!!!");
  CHECK(written(r, {.version = 10, .framing = response_framing::chunked}, "") ==
        "HTTP/1.0 200 OK\r\n\r\nhello, world!!!!");
  CHECK(written(r, {.content_length = 1000000000000}, "") ==
        "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\nhello, world!!!!");
}

TEST_CASE("response_writer: HEAD gets the head alone", "[protocol][http]") {
  const response r{200, {}, "hello"};
  CHECK(written(r, {.head_request = true}, "") == "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  CHECK(written(r, {.head_request = true, .framing = response_framing::chunked}, "") ==
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(written({200, {}, ""}, {.head_request = true, .content_length = 7}, "") ==
        "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
}

TEST_CASE("response_writer: 1xx, 204 and 304 have neither framing nor body", "[protocol][http]") {
  CHECK(written({204, {}, "x"}, {}, "") == "HTTP/1.1 204 No Content\r\n\r\n");
  CHECK(written({304, {}, "x"}, {.framing = response_framing::chunked}, "") ==
        "HTTP/1.1 304 Not Modified\r\n\r\n");
  CHECK(written({103, {}, "x"}, {}, "") == "HTTP/1.1 103 Status 103\r\n\r\n");
  CHECK(written({204, {}, ""}, {.version = 10}, "") ==
        "HTTP/1.0 204 No Content\r\nConnection: keep-alive\r\n\r\n");
}

TEST_CASE("response_writer: a header's value cannot begin another line", "[protocol][http]") {
  const response r{200, {{"X-A", "a\r\nSet-Cookie: b\n\x01\x7f\tc"}}, ""};
  CHECK(written(r, {}, "") ==
        "HTTP/1.1 200 OK\r\nX-A: a  Set-Cookie: b   \tc\r\nContent-Length: 0\r\n\r\n");
  std::string out;
  append_upgrade(out, "tcp\r\nX: y", "a/b\r\n");
  CHECK(out == "HTTP/1.1 101 UPGRADED\r\nContent-Type: a/b  \r\nConnection: Upgrade\r\n"
               "Upgrade: tcp  X: y\r\n\r\n");
}

TEST_CASE("response_writer: reusable if the end of the body can be told", "[protocol][http]") {
  CHECK(reusable({}));
  CHECK_FALSE(reusable({.keep_alive = false}));
  CHECK(reusable({.framing = response_framing::chunked}));
  CHECK_FALSE(reusable({.version = 10, .framing = response_framing::chunked}));
  CHECK(reusable({.version = 10}));
  CHECK_FALSE(reusable({.framing = response_framing::until_close}));
}

TEST_CASE("response_writer: chunks", "[protocol][http]") {
  std::string out;
  append_chunk(out, "hello");
  append_chunk(out, "");
  append_chunk(out, std::string(255, 'x'));
  append_last_chunk(out);
  CHECK(out == "5\r\nhello\r\nff\r\n" + std::string(255, 'x') + "\r\n0\r\n\r\n");
}

TEST_CASE("response_writer: interim and upgrade heads, HJ1", "[protocol][http]") {
  std::string out;
  append_continue(out);
  CHECK(out == "HTTP/1.1 100 Continue\r\n\r\n");
  out.clear();
  append_upgrade(out, "tcp", "application/vnd.docker.raw-stream");
  CHECK(out == "HTTP/1.1 101 UPGRADED\r\n"
               "Content-Type: application/vnd.docker.raw-stream\r\n"
               "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
  out.clear();
  append_upgrade(out, "", "application/vnd.docker.raw-stream");
  CHECK(out == "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n");
  out.clear();
  append_upgrade(out, "", "a/b", {200, {{"A", "1"}, {"B", "2\r\n"}}, {}});
  CHECK(out == "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nA: 1\r\nB: 2  \r\n\r\n");
}

TEST_CASE("response_writer: dates", "[protocol][http]") {
  CHECK(imf_fixdate(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(imf_fixdate(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(imf_fixdate(-1) == "Wed, 31 Dec 1969 23:59:59 GMT");
  CHECK(imf_fixdate(951782400) == "Tue, 29 Feb 2000 00:00:00 GMT");
  CHECK(imf_fixdate(2147483648) == "Tue, 19 Jan 2038 03:14:08 GMT");
  CHECK(imf_fixdate(253402300799) == "Fri, 31 Dec 9999 23:59:59 GMT");
  CHECK(imf_fixdate(INT64_MAX) == "Fri, 31 Dec 9999 23:59:59 GMT");
  CHECK(imf_fixdate(INT64_MIN) == "Sat, 01 Jan 0000 00:00:00 GMT");
}
