#include "protocol/http/request_parser.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace gantry::http;

namespace {

/// The head in `bytes`, which must be all of it.
std::shared_ptr<const request> parse(const std::string& bytes) {
  request_parser parser;
  auto r = parser.parse_head(bytes);
  INFO(r.error.detail);
  REQUIRE(r.state == progress::complete);
  REQUIRE(r.consumed == bytes.size());
  return r.head;
}

refusal refused(std::string_view bytes, limits bounds = {}) {
  request_parser parser{bounds};
  auto r = parser.parse_head(bytes);
  REQUIRE(r.state == progress::refused);
  CHECK(r.head == nullptr);
  return r.error;
}

std::string with_fields(const std::string& version, const std::string& fields) {
  return "POST /x HTTP/" + version + "\r\nHost: h\r\n" + fields + "\r\n";
}

} // namespace

TEST_CASE("request_parser: splits the head of docker's ping", "[protocol][http]") {
  const auto r = parse("HEAD /_ping HTTP/1.1\r\nHost: api.moby.localhost\r\n"
                       "User-Agent: Docker-Client/28.2.2 (linux)\r\n\r\n");
  CHECK(r->method == "HEAD");
  CHECK(r->target == "/_ping");
  CHECK(r->path == "/_ping");
  CHECK(r->query == "");
  CHECK(r->host == "api.moby.localhost");
  CHECK(r->version == 11);
  CHECK(r->keep_alive);
  CHECK_FALSE(r->expect_continue);
  CHECK(r->framing == body_framing::none);
  CHECK(r->upgrade == "");
  REQUIRE(r->fields.size() == 2);
  CHECK(r->fields[1].name == "User-Agent");
  CHECK(r->header("user-AGENT") == "Docker-Client/28.2.2 (linux)");
}

TEST_CASE("request_parser: splits every form of target", "[protocol][http]") {
  struct row {
    std::string target, host, path, query;
  };
  const std::vector<row> rows{
      {"/", "h", "/", ""},
      {"/a?b=c&d", "h", "/a", "b=c&d"},
      {"/a?", "h", "/a", ""},
      {"/a?b?c", "h", "/a", "b?c"},
      {"//a//b/", "h", "//a//b/", ""},
      {"/../a", "h", "/../a", ""},
      {"/a%2Fb%20c+d?e=%20+", "h", "/a/b c+d", "e=%20+"},
      {"/caf%C3%a9", "h", "/caf\xc3\xa9", ""},
      {"/caf\xc3\xa9", "h", "/caf\xc3\xa9", ""},
      {"/%25zz", "h", "/%zz", ""},
      {"http://other:1/a?b", "other:1", "/a", "b"},
      {"HTTPS://[::1]", "[::1]", "/", ""},
      {"http://other?q", "other", "/", "q"},
      {"/images/127.0.0.1:5599/bb:v1/json", "h", "/images/127.0.0.1:5599/bb:v1/json", ""},
  };
  for (const row& expected : rows) {
    INFO(expected.target);
    const auto r = parse("GET " + expected.target + " HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(r->target == expected.target);
    CHECK(r->host == expected.host);
    CHECK(r->path == expected.path);
    CHECK(r->query == expected.query);
  }
  const auto all = parse("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(all->path == "*");
}

TEST_CASE("request_parser: keeps the connection as version and Connection say",
          "[protocol][http]") {
  struct row {
    std::string version, fields;
    bool keep_alive;
  };
  const std::vector<row> rows{
      {"1.1", "", true},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "Connection: Keep-Alive\r\n", true},
      {"1.1", "connection: keep-alive, CLOSE\r\n", false},
      {"1.1", "Connection: x\r\nConnection: , close ,\r\n", false},
      {"1.1", "Connection: closed\r\n", true},
      {"1.0", "", false},
      {"1.0", "Connection: keep-alive\r\n", true},
      {"1.0", "Connection: keep-alive, close\r\n", false},
      {"1.0", "Keep-Alive: timeout=5\r\n", false},
  };
  for (const row& expected : rows) {
    INFO(expected.version << " " << expected.fields);
    CHECK(parse(with_fields(expected.version, expected.fields))->keep_alive == expected.keep_alive);
  }
}

TEST_CASE("request_parser: Upgrade counts if Connection names it, in HTTP/1.1",
          "[protocol][http]") {
  CHECK(parse(with_fields("1.1", "Connection: Upgrade\r\nUpgrade: tcp\r\n"))->upgrade == "tcp");
  CHECK(parse(with_fields("1.1", "Upgrade: h2c\r\nConnection: a,UPGRADE , b\r\n"))->upgrade ==
        "h2c");
  CHECK(parse(with_fields("1.1", "Upgrade: tcp\r\n"))->upgrade == "");
  CHECK(parse(with_fields("1.1", "Connection: upgrade\r\n"))->upgrade == "");
  CHECK(parse(with_fields("1.0", "Connection: Upgrade\r\nUpgrade: tcp\r\n"))->upgrade == "");
}

TEST_CASE("request_parser: 100-continue counts if a body follows, in HTTP/1.1",
          "[protocol][http]") {
  const std::string expect = "Expect: 100-Continue\r\n";
  CHECK(parse(with_fields("1.1", expect + "Content-Length: 1\r\n"))->expect_continue);
  CHECK(parse(with_fields("1.1", expect + "Transfer-Encoding: chunked\r\n"))->expect_continue);
  CHECK_FALSE(parse(with_fields("1.1", expect + "Content-Length: 0\r\n"))->expect_continue);
  CHECK_FALSE(parse(with_fields("1.1", expect))->expect_continue);
  CHECK_FALSE(parse(with_fields("1.0", expect + "Content-Length: 1\r\n"))->expect_continue);
}

TEST_CASE("request_parser: finds the framing of the body", "[protocol][http]") {
  CHECK(parse(with_fields("1.1", ""))->framing == body_framing::none);
  const auto fixed = parse(with_fields("1.1", "Content-Length: 9223372036854775807\r\n"));
  CHECK(fixed->framing == body_framing::content_length);
  CHECK(fixed->content_length == 9223372036854775807U);
  const auto empty = parse(with_fields("1.0", "Content-Length: 0\r\n"));
  CHECK(empty->framing == body_framing::content_length);
  CHECK(empty->content_length == 0);
  const auto chunked = parse(with_fields("1.1", "Transfer-Encoding: cHUNKED\r\n"));
  CHECK(chunked->framing == body_framing::chunked);
}

TEST_CASE("request_parser: fields keep order and repetitions, values lose outer white space",
          "[protocol][http]") {
  const auto r = parse("GET / HTTP/1.1\r\nHost:\t h \r\nB: 2\r\na:\r\nB: \t3\t4 \t\r\n\r\n");
  REQUIRE(r->fields.size() == 4);
  CHECK(r->host == "h");
  CHECK(r->fields[1].value == "2");
  CHECK(r->fields[2].name == "a");
  CHECK(r->fields[2].value == "");
  CHECK(r->fields[3].value == "3\t4");
  CHECK(r->header("b") == "2");
  CHECK(r->has_header("A"));
  CHECK_FALSE(r->has_header("C"));
}

TEST_CASE("request_parser: reads pipelined requests one by one", "[protocol][http]") {
  std::string_view input = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
                           "\r\nGET /2?q HTTP/1.0\r\n\r\n"
                           "OPTIONS * HTTP/1.1\r\nHost: g\r\n";
  request_parser parser;
  auto one = parser.parse_head(input);
  REQUIRE(one.state == progress::complete);
  CHECK(one.consumed == 28);
  input.remove_prefix(one.consumed);
  auto two = parser.parse_head(input);
  REQUIRE(two.state == progress::complete);
  CHECK(two.consumed == 23);
  input.remove_prefix(two.consumed);
  CHECK(parser.parse_head(input).state == progress::need_more);
  // What was handed out does not change with what comes later.
  CHECK(one.head->path == "/1");
  CHECK(one.head->host == "h");
  CHECK(two.head->path == "/2");
  CHECK(two.head->query == "q");
  CHECK(two.head->fields.empty());
}

TEST_CASE("request_parser: the input may move in memory between calls", "[protocol][http]") {
  const std::string whole = "GET /a%20b HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n";
  request_parser parser;
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const std::string part = whole.substr(0, n);
    REQUIRE(parser.parse_head(part).state == progress::need_more);
  }
  const auto r = parser.parse_head(std::string{whole});
  REQUIRE(r.state == progress::complete);
  CHECK(r.head->path == "/a b");
  CHECK(r.head->header("x") == "y");
}

TEST_CASE("request_parser: is as new after reset, and after a refusal", "[protocol][http]") {
  const std::string good = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  request_parser parser;
  CHECK(parser.parse_head("HEAD /long/target HTTP/1.1\r\nA: b\r\nC").state == progress::need_more);
  parser.reset();
  auto r = parser.parse_head(good);
  REQUIRE(r.state == progress::complete);
  CHECK(r.head->fields.size() == 1);
  auto bad = parser.parse_head("HEAD / HTTP/1.1\r\nHost: h\r\nbad\r\n");
  REQUIRE(bad.state == progress::refused);
  CHECK(bad.error == refusal{400, "header line without a colon", true});
  CHECK(parser.parse_head(good).state == progress::complete);
}

TEST_CASE("request_parser: refuses as soon as the fault is there", "[protocol][http]") {
  const std::vector<std::pair<std::string, int>> rows{
      {"\x16", 400},
      {"\n", 400},
      {"GET / HTTP/1.1\n", 400},
      {"GET /\r/", 400},
      {"PRI * HTTP/2.0\r\n", 505},
      {"GET / HTTP/1.1\r\nHost : ", 0},
      {"GET / HTTP/1.1\r\nHost : h\r\n", 400},
      {"\r\n\r\n\r\n\r\n\r\n", 400},
  };
  for (const auto& [bytes, status] : rows) {
    INFO(bytes);
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      request_parser parser;
      CHECK(parser.parse_head(bytes.substr(0, n)).state == progress::need_more);
    }
    request_parser parser;
    CHECK(parser.parse_head(bytes).error.status == status);
  }
}

TEST_CASE("request_parser: holds to smaller limits than the default ones", "[protocol][http]") {
  const limits small{.head = 64, .target = 8, .fields = 2, .empty_lines = 0};
  const std::string line = "GET / HTTP/1.1\r\n"; // 16 bytes
  CHECK(refused("\r\n" + line, small).status == 400);
  CHECK(refused("GET /23456789 HTTP/1.1\r\n", small) == refusal{414, "request target is too long"});
  CHECK(refused(line + "Host: h\r\nA: 1\r\nB: 2\r\n", small) ==
        refusal{431, "too many header fields"});
  const std::string head = line + "Host: h\r\nX: "; // 28 bytes
  const refusal too_large{431, "request head is larger than 64 bytes"};
  CHECK(refused(head + std::string(36, 'x'), small) == too_large);
  CHECK(refused(head + std::string(33, 'x') + "\r\n\r\n", small) == too_large);
  request_parser parser{small};
  CHECK(parser.parse_head(head + std::string(35, 'x')).state == progress::need_more);
  parser.reset();
  CHECK(parser.parse_head(head + std::string(32, 'x') + "\r\n\r\n").state == progress::complete);
  CHECK(refused(std::string(64, 'x'), small) == refusal{414, "request line is too long"});
}

TEST_CASE("request_parser: a large head in single bytes is linear work", "[protocol][http]") {
  // 200,000 calls: if each looked at all bytes again, this would be 20 billion steps.
  std::string input = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
  input.append(200000, 'x').append("\r\n\r\n");
  request_parser parser;
  for (std::size_t n = 0; n + 1 < input.size(); ++n)
    if (parser.parse_head(std::string_view{input}.substr(0, n)).state != progress::need_more)
      FAIL(n);
  CHECK(parser.parse_head(input).state == progress::complete);
}
