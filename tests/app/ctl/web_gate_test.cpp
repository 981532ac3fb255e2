#include "app/ctl/web_gate.hpp"

#include "protocol/http/request_parser.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <string>
#include <variant>

namespace {

using namespace gantry;
using namespace gantry::ctl;

const std::string the_token(64, 'a');
const std::string the_session(64, 'b');

std::string outcome(const web_gate& gate, const std::string& lines) {
  http::request_parser parser;
  const auto parsed = parser.parse_head(lines + "\r\n");
  REQUIRE(parsed.state == http::progress::complete);
  const auto seen = gate.look(*parsed.head);
  if (const auto* page = std::get_if<http::response>(&seen))
    return std::to_string(page->status);
  switch (std::get<passage>(seen)) {
  case passage::file:
    return "file";
  case passage::session:
    return "session";
  case passage::inspection:
    return "inspection";
  }
  return {};
}

/// What becomes of a request of this page, with these further lines.
std::string asked(const std::string& request, const std::string& more = {},
                  const std::string& host = "127.0.0.1:8080") {
  const web_gate gate{8080, the_token, the_session};
  return outcome(gate, request + " HTTP/1.1\r\nHost: " + host + "\r\n" + more);
}

std::string with(const std::string& session) { return "Authorization: Bearer " + session + "\r\n"; }

} // namespace

TEST_CASE("web gate: files are for all, the rest is for the session", "[app][ctl]") {
  CHECK(asked("GET /") == "file");
  CHECK(asked("HEAD /app.js") == "file");
  CHECK(asked("GET /style.css?v=1") == "file");
  CHECK(asked("POST /") == "405");
  CHECK(asked("POST /session") == "session");
  CHECK(asked("GET /session") == "405");
  for (auto path : {"/x", "/x.html", "/.js", "/a/b.js", "/../x.js", "/%2e%2e/x.js", "/v1", "/v2/",
                    "/favicon.ico", "/a-b.js", "//app.js"})
    CHECK(asked(std::string{"GET "} + path) == "404");
  CHECK(asked("GET /v1/") == "401");
  CHECK(asked("GET /v1/", with(the_session)) == "inspection");
  CHECK(asked("GET /v1/actors?limit=1", "authorization: bearer " + the_session + "\r\n") ==
        "inspection");
  CHECK(asked("POST /v1/actors/1/kill", with(the_session)) == "inspection");
  CHECK(asked("DELETE /v1/actors/1/trace", with(the_session)) == "inspection");
  CHECK(asked("PATCH /v1/actors/1", with(the_session)) == "405");
  CHECK(asked("OPTIONS /v1/actors", with(the_session)) == "405");
}

TEST_CASE("web gate: a wrong session is none", "[app][ctl]") {
  for (const auto& wrong : {std::string{}, the_token, the_session.substr(1), the_session + "b",
                            the_session + ' ' + the_session})
    CHECK(asked("GET /v1/", with(wrong)) == "401");
  CHECK(asked("GET /v1/", "Authorization: Basic " + the_session + "\r\n") == "401");
  CHECK(asked("GET /v1/?session=" + the_session) == "401");
  CHECK(asked("GET /v1/", "Cookie: session=" + the_session + "\r\n") == "401");
}

TEST_CASE("web gate: other hosts and other pages do not come through", "[app][ctl]") {
  CHECK(asked("GET /", {}, "localhost:8080") == "file");
  CHECK(asked("GET /", {}, "LOCALHOST:8080") == "file");
  for (auto host : {"127.0.0.1", "127.0.0.1:80", "127.0.0.1:80800", "evil.example:8080",
                    "127.0.0.1.evil.example:8080", "localhost", "[::1]:8080", ""}) {
    CHECK(asked("GET /", {}, host) == "421");
    CHECK(asked("GET /v1/", with(the_session), host) == "421");
  }
  CHECK(asked("GET /v1/", with(the_session) + "Origin: http://127.0.0.1:8080\r\n") == "inspection");
  CHECK(asked("POST /session", "Origin: http://localhost:8080\r\n") == "session");
  for (auto origin : {"null", "http://evil.example", "https://127.0.0.1:8080", "http://127.0.0.1",
                      "http://127.0.0.1:8081", "127.0.0.1:8080", ""}) {
    const auto line = std::string{"Origin: "} + origin + "\r\n";
    CHECK(asked("GET /", line) == "403");
    CHECK(asked("POST /session", line) == "403");
    CHECK(asked("POST /v1/actors/1/kill", line + with(the_session)) == "403");
  }
  CHECK(asked("GET http://evil.example:8080/v1/", with(the_session)) == "421");
  CHECK(asked("GET http://127.0.0.1:8080/v1/", with(the_session)) == "400");
}

TEST_CASE("web gate: a token opens one session, once", "[app][ctl]") {
  web_gate gate{8080, the_token, the_session};
  for (auto wrong : {"", "x", "{}", "[]", "{\"token\":7}", "\"token\""})
    CHECK(gate.open_session(wrong).status == 400);
  CHECK(gate.open_session("{\"token\":\"" + the_session + "\"}").status == 401);
  CHECK(gate.open_session("{\"token\":\"\"}").status == 401);
  const auto body = "{\"token\":\"" + the_token + "\"}";
  const auto opened = gate.open_session(body);
  CHECK(opened.status == 200);
  CHECK(opened.body == "{\"session\":\"" + the_session + "\"}\n");
  const auto again = gate.open_session(body);
  CHECK(again.status == 401);
  CHECK(again.body.find("run gantryctl web again") != std::string::npos);
  CHECK(again.body.find(the_session) == std::string::npos);
}

TEST_CASE("web gate: secrets are long and never the same", "[app][ctl]") {
  std::set<std::string> all;
  for (int i = 0; i < 100; ++i)
    all.insert(random_secret().value());
  CHECK(all.size() == 100);
  CHECK(all.begin()->size() == 64);
  CHECK(all.begin()->find_first_not_of("0123456789abcdef") == std::string::npos);
}
