#include "protocol/http/body_decoder.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gantry::http;

namespace {

body_decoder fixed(std::uint64_t length) {
  request r;
  r.framing = body_framing::content_length;
  r.content_length = length;
  return body_decoder{r};
}

body_decoder chunked(limits bounds = {}, std::string_view method = "POST") {
  request r;
  r.method = method;
  r.framing = body_framing::chunked;
  return body_decoder{r, bounds};
}

constexpr auto all = std::string::npos;

} // namespace

TEST_CASE("body_decoder: no body and an empty one are complete at once", "[protocol][http]") {
  for (body_decoder d : {body_decoder{}, body_decoder{request{}}, fixed(0)}) {
    std::string out;
    CHECK(d.done());
    const auto r = d.decode("GET /", out, all);
    CHECK(r.state == progress::complete);
    CHECK(r.consumed == 0);
    CHECK(out.empty());
  }
}

TEST_CASE("body_decoder: a Content-Length body ends at its last byte", "[protocol][http]") {
  auto d = fixed(5);
  std::string out;
  auto r = d.decode("he", out, all);
  CHECK(r.state == progress::need_more);
  CHECK(r.consumed == 2);
  r = d.decode("", out, all);
  CHECK(r.state == progress::need_more);
  r = d.decode("lloGET / ", out, all);
  CHECK(r.state == progress::complete);
  CHECK(r.consumed == 3);
  CHECK(out == "hello");
  CHECK(d.done());
  CHECK(d.produced() == 5);
  r = d.decode("GET / ", out, all);
  CHECK(r.state == progress::complete);
  CHECK(r.consumed == 0);
}

TEST_CASE("body_decoder: output is bounded per call and appended", "[protocol][http]") {
  for (auto [d, input] : {std::pair{fixed(5), std::string{"helloX"}},
                          std::pair{chunked(), std::string{"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\nX"}}}) {
    std::string out = ">";
    std::string_view rest = input;
    body_result r;
    int calls = 0;
    while (r.state == progress::need_more && ++calls < 10) {
      const auto before = out.size();
      r = d.decode(rest, out, 2);
      CHECK(out.size() - before <= 2);
      rest.remove_prefix(r.consumed);
    }
    CHECK(r.state == progress::complete);
    CHECK(out == ">hello");
    CHECK(rest == "X");
  }
}

TEST_CASE("body_decoder: a bound of nothing takes only framing", "[protocol][http]") {
  auto d = chunked();
  std::string out;
  const auto r = d.decode("5\r\nhello", out, 0);
  CHECK(r.state == progress::need_more);
  CHECK(r.consumed == 3);
  CHECK(out.empty());
}

TEST_CASE("body_decoder: a chunked body ends behind the trailer section", "[protocol][http]") {
  auto d = chunked();
  std::string out;
  const std::string body = "5;a=\"b\"\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n";
  const auto r = d.decode(body + "GET / ", out, all);
  CHECK(r.state == progress::complete);
  CHECK(r.consumed == body.size());
  CHECK(out == "hello 0123456789");
  CHECK(d.produced() == 16);
  CHECK(d.done());
}

TEST_CASE("body_decoder: stays refused, and says whether the request was a HEAD",
          "[protocol][http]") {
  for (const char* method : {"POST", "HEAD"}) {
    auto d = chunked({}, method);
    const refusal why{400, "invalid chunk size", method == std::string_view{"HEAD"}};
    std::string out;
    const auto r = d.decode("1\r\nx\r\nnonsense", out, all);
    CHECK(r.state == progress::refused);
    CHECK(r.error == why);
    const auto again = d.decode("0\r\n\r\n", out, all);
    CHECK(again.state == progress::refused);
    CHECK(again.consumed == 0);
    CHECK(again.error == why);
    CHECK_FALSE(d.done());
  }
}

TEST_CASE("body_decoder: holds to smaller limits than the default ones", "[protocol][http]") {
  const limits small{.fields = 1, .chunk_line = 6, .trailers = 9};
  std::string out;
  CHECK(chunked(small).decode("1;ab\r\nx\r\n000;\r\n\r\n", out, all).state == progress::complete);
  CHECK(chunked(small).decode("1;abc\r\n", out, all).error ==
        refusal{400, "chunk line is too long"});
  CHECK(chunked(small).decode("0\r\nX: yz\r\n\r\n", out, all).state == progress::complete);
  CHECK(chunked(small).decode("0\r\nX: yza\r\n\r\n", out, all).error ==
        refusal{431, "trailer section is too large"});
  CHECK(chunked(small).decode("0\r\nX:\r\nY:\r\n", out, all).error ==
        refusal{431, "too many trailer fields"});
}
