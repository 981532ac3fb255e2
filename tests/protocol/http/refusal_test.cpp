#include "protocol/http/refusal.hpp"

#include <catch2/catch.hpp>

using namespace gantry::http;

TEST_CASE("refusal: the answer is complete, and says that the connection ends",
          "[protocol][http]") {
  CHECK(refusal_bytes({400, "invalid header name"}, "Sun, 06 Nov 1994 08:49:37 GMT") ==
        "HTTP/1.1 400 Bad Request\r\n"
        "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Connection: close\r\n"
        "Content-Length: 36\r\n"
        "\r\n"
        "400 Bad Request: invalid header name");
}

TEST_CASE("refusal: without a detail the answer is the status alone", "[protocol][http]") {
  CHECK(refusal_bytes({408, ""}) == "HTTP/1.1 408 Request Timeout\r\n"
                                    "Content-Type: text/plain; charset=utf-8\r\n"
                                    "Connection: close\r\n"
                                    "Content-Length: 19\r\n"
                                    "\r\n"
                                    "408 Request Timeout");
}

TEST_CASE("refusal: the answer to a HEAD has the length but not the body", "[protocol][http]") {
  CHECK(refusal_bytes({505, "unsupported protocol version", true}) ==
        "HTTP/1.1 505 HTTP Version Not Supported\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Connection: close\r\n"
        "Content-Length: 60\r\n"
        "\r\n");
}

TEST_CASE("refusal: a body that is too large names the limit", "[protocol][http]") {
  CHECK(body_too_large(1048576) == refusal{413, "request body is larger than 1048576 bytes"});
}
