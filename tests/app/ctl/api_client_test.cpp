#include "app/ctl/api_client.hpp"

#include "app/ctl/background_source.hpp"
#include "app/ctl/source.hpp"
#include "tests/app/ctl/socket_server.hpp"

#include <catch2/catch.hpp>

#include <poll.h>
#include <sys/eventfd.h>

#include <string>
#include <vector>

namespace {

using namespace gantry;
using namespace gantry::ctl;
using namespace std::chrono_literals;
using test::socket_server;

api_client client_of(const std::string& address, std::chrono::nanoseconds timeout = 20s,
                     int cancel = -1) {
  return api_client{{host::parse_listen_address(address).value(), {}, timeout, cancel}};
}

/// `200 BODY`, or the mistake without the address.
std::string asked(const api_client& client) {
  const auto answer = client.call("GET", "/v1/");
  if (answer)
    return std::to_string(answer->status) + ' ' + answer->body;
  auto text = answer.error().message;
  if (const auto at = text.find(client.address()); at != std::string::npos)
    text.replace(at, client.address().size(), "ADDR");
  return text;
}

std::string answer_to(std::vector<std::string> pieces) {
  socket_server server{std::move(pieces)};
  return asked(client_of(server.address()));
}

} // namespace

TEST_CASE("api client: asks as it should", "[app][ctl]") {
  socket_server server{{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"}};
  const auto client = client_of(server.address());
  CHECK(asked(client) == "200 {}");
  REQUIRE(client.call("PUT", "/v1/loglevel", "{\"level\":\"info\"}").has_value());
  const auto requests = std::move(server).requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0] == "GET /v1/ HTTP/1.1\r\nHost: gantry\r\nUser-Agent: gantryctl/" GANTRY_VERSION
                       "\r\nAccept: application/json, text/event-stream\r\n"
                       "Connection: close\r\n\r\n");
  CHECK(requests[1].ends_with("Content-Type: application/json\r\nContent-Length: 16\r\n\r\n"
                              "{\"level\":\"info\"}"));
}

TEST_CASE("api client: answers in pieces, chunks and up to the end", "[app][ctl]") {
  CHECK(answer_to({"HTTP/1.1 2", "00 OK\r\nContent-", "Length: 4\r\n\r\n{", "\"\"", "}"}) ==
        "200 {\"\"}");
  CHECK(answer_to({"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
                   "llo\r\n0\r\n", "\r\n"}) == "404 hello");
  CHECK(answer_to({"HTTP/1.0 200 OK\r\n\r\n", "all ", "of it"}) == "200 all of it");
}

TEST_CASE("api client: what is no answer is told", "[app][ctl]") {
  CHECK(answer_to({"220 mail ESMTP\r\n\r\n"}) ==
        "ADDR: no answer of gantryd: malformed status line");
  CHECK(answer_to({}) == "ADDR: no answer of gantryd: it ended before its end");
  CHECK(answer_to({"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"}) ==
        "ADDR: no answer of gantryd: it ended before its end");
}

TEST_CASE("api client: no answer in time ends the call", "[app][ctl]") {
  for (auto sent : {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"}) {
    socket_server server{{sent}, socket_server::end::keep};
    CHECK(asked(client_of(server.address(), 50ms)) ==
          "gantryd at ADDR did not answer within 50ms; --timeout lets it take longer");
  }
}

TEST_CASE("api client: a trickle does not put the end off", "[app][ctl]") {
  const std::vector<std::string> slow(1000, "x");
  std::vector<std::string> pieces{"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"};
  pieces.insert(pieces.end(), slow.begin(), slow.end());
  socket_server server{pieces, socket_server::end::keep};
  const auto before = steady::now();
  CHECK(asked(client_of(server.address(), 100ms)).find("did not answer") != std::string::npos);
  CHECK(steady::now() - before < 15s);
}

TEST_CASE("api client: nobody there", "[app][ctl]") {
  test::temp_dir directory;
  CHECK(asked(client_of("unix://" + directory.file("none"))) ==
        "cannot reach gantryd at ADDR: connect: No such file or directory; is it running? --host "
        "says where it is");
  CHECK(client_of("unix://" + directory.file("none")).call("GET", "/").error().kind ==
        errc::unavailable);
  CHECK(asked(client_of("unix:///" + std::string(200, 'x')))
            .starts_with("cannot reach gantryd at ADDR: connect: File name too long"));
}

TEST_CASE("api client: can be cancelled from elsewhere", "[app][ctl]") {
  socket_server server{{}, socket_server::end::keep};
  host::unique_fd cancel{::eventfd(0, EFD_CLOEXEC)};
  std::thread other{[&cancel] { ::eventfd_write(cancel.get(), 1); }};
  CHECK(asked(client_of(server.address(), 60s, cancel.get())) == "cancelled");
  other.join();
}

TEST_CASE("api client: follows a stream past the time limit", "[app][ctl]") {
  socket_server server{{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"},
                       socket_server::end::keep};
  host::unique_fd cancel{::eventfd(0, EFD_CLOEXEC)};
  std::string all;
  std::thread other;
  const auto answer =
      client_of(server.address(), 10s, cancel.get()).follow("/v1/events", [&](std::string_view s) {
        all += s;
        if (!other.joinable())
          other = std::thread{[&cancel] { ::eventfd_write(cancel.get(), 1); }};
        return true;
      });
  other.join();
  REQUIRE(answer.has_value());
  CHECK(answer->status == 200);
  CHECK(all == "a");
}

TEST_CASE("api client: a stream that is refused is an answer", "[app][ctl]") {
  socket_server server{{"HTTP/1.1 503 Busy\r\nContent-Length: 16\r\n\r\n{\"message\":", "\"no\"}"}};
  int pieces = 0;
  const auto answer = client_of(server.address()).follow("/v1/events", [&](std::string_view) {
    ++pieces;
    return true;
  });
  REQUIRE(answer.has_value());
  CHECK(pieces == 0);
  CHECK(answer->status == 503);
  CHECK(error_of(*answer).message == "no");
  CHECK(error_of(*answer).kind == errc::unavailable);
}

TEST_CASE("api client: hands an answer on, its head first", "[app][ctl]") {
  struct handed_on {
    int status = 0;
    std::string type;
    std::string body;
    std::string end; ///< `whole`, `given up`, or the kind of the error
  };
  auto relayed = [](const api_client& client, std::string_view method, bool take = true) {
    handed_on got;
    const auto whole = client.relay(
        {method, "/v1/x", method == "POST" ? "{}" : ""},
        [&](const http::response_parser& answer) {
          got.status = answer.status();
          got.type = std::string{answer.header("Content-Type")};
          return take;
        },
        [&](std::string_view piece) {
          got.body += piece;
          return true;
        });
    got.end = !whole ? to_string(whole.error().kind) : *whole ? "whole" : "given up";
    return got;
  };
  const std::string head = "HTTP/1.1 201 Created\r\nContent-Type: text/x\r\n";
  {
    socket_server server{{head, "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "0\r\n\r\n"}};
    const auto got = relayed(client_of(server.address()), "POST");
    CHECK(got.status == 201);
    CHECK(got.type == "text/x");
    CHECK(got.body == "ab");
    CHECK(got.end == "whole");
    const auto requests = std::move(server).requests();
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].starts_with("POST /v1/x HTTP/1.1\r\n"));
  }
  {
    socket_server server{{head + "Content-Length: 0\r\n\r\n"}};
    const auto got = relayed(client_of(server.address()), "DELETE");
    CHECK(got.status == 201);
    CHECK(got.end == "whole");
  }
  {
    socket_server server{{head + "Content-Length: 9\r\n\r\nab"}};
    const auto cut_off = relayed(client_of(server.address()), "GET");
    CHECK(cut_off.body == "ab");
    CHECK(cut_off.end == to_string(errc::invalid_parameter));
    CHECK(relayed(client_of(server.address()), "GET", false).end == "given up");
  }
  test::temp_dir directory;
  CHECK(relayed(client_of("unix://" + directory.file("none")), "GET").end ==
        to_string(errc::unavailable));
}

TEST_CASE("api client: statuses become errors with the message of the answer", "[app][ctl]") {
  CHECK(error_of({404, "{\"message\":\"no such actor: 12\"}\n"}) ==
        api_error{errc::not_found, "no such actor: 12"});
  CHECK(error_of({403, "<html>"}) == api_error{errc::forbidden, "it answered with status 403"});
  CHECK(error_of({418, "{\"message\":7}"}) ==
        api_error{errc::system, "it answered with status 418"});
  socket_server server{
      {"HTTP/1.1 404 Not Found\r\nContent-Length: 30\r\n\r\n{\"message\":\"no such actor: 1\"}\n"}};
  auto daemon = ask_daemon(client_of(server.address()));
  CHECK(daemon->get("/v1/actors/1").error().kind == errc::not_found);
  CHECK(daemon->name() == server.address());
}

TEST_CASE("background source: asks one after the other, each question once", "[app][ctl]") {
  socket_server server{{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"}};
  auto daemon = ask_daemon(client_of(server.address()));
  std::vector<std::string> answered;
  {
    background_source asker{*daemon};
    asker.ask("/v1/a");
    asker.ask("/v1/b");
    while (answered.size() < 2) {
      pollfd ready{asker.fd(), POLLIN, 0};
      REQUIRE(::poll(&ready, 1, 20000) == 1);
      while (auto answer = asker.take()) {
        CHECK(answer->body.value() == "{}");
        answered.push_back(answer->target);
      }
    }
    pollfd empty{asker.fd(), POLLIN, 0};
    CHECK(::poll(&empty, 1, 0) == 0);
  }
  CHECK(answered == std::vector<std::string>{"/v1/a", "/v1/b"});
}

TEST_CASE("background source: ends while a question is under way", "[app][ctl]") {
  socket_server server{{}, socket_server::end::keep};
  host::unique_fd cancel{::eventfd(0, EFD_CLOEXEC)};
  auto daemon = ask_daemon(client_of(server.address(), 60s, cancel.get()));
  const auto before = steady::now();
  {
    background_source asker{*daemon};
    asker.ask("/v1/dump");
    ::eventfd_write(cancel.get(), 1);
  }
  CHECK(steady::now() - before < 20s);
}
