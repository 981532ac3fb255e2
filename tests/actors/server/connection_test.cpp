#include "actors/core/figures.hpp"
#include "protocol/api/routes.hpp"
#include "tests/actors/server/connection_fixture.hpp"
#include "tests/support/http_corpus.hpp"

#include <algorithm>
#include <string_view>

using namespace gantry;
using namespace gantry::test;
using namespace std::chrono_literals;

TEST_CASE_METHOD(connection_fixture, "connection: stays open from one request to the next",
                 "[actors][server]") {
  auto client = connect();
  CHECK(phase() == "idle");
  CHECK(exchange(client, "GET /a HTTP/1.1\r\nHost: d\r\n\r\n") == answer("/a\n"));
  CHECK(exchange(client, "GET /b HTTP/1.1\r\nHost: d\r\n\r\n") == answer("/b\n"));
  CHECK(connection_fact("requests served") == "2");
  client.close();
  settle();
  CHECK(is_gone());
}

TEST_CASE_METHOD(connection_fixture, "connection: answers pipelined requests in their order",
                 "[actors][server]") {
  auto client = connect();
  client.send("GET /hand HTTP/1.1\r\nHost: d\r\n\r\n"
              "GET /second HTTP/1.1\r\nHost: d\r\n\r\n"
              "GET /third HTTP/1.1\r\nHost: d\r\n\r\n");
  settle();
  CHECK(client.receive().empty());
  REQUIRE(started->size() == 1);
  finish(job(), "first");
  CHECK(without_date(client.receive()) ==
        answer("first") + answer("/second\n") + answer("/third\n"));
}

TEST_CASE_METHOD(connection_fixture, "connection: takes requests in pieces of any size",
                 "[actors][server]") {
  auto client = connect();
  const std::string text = "POST /body HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\n\r\nabc"
                           "POST /body HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "1\r\nx\r\n2\r\nyz\r\n0\r\n\r\n"
                           "GET /end HTTP/1.1\r\nHost: d\r\n\r\n";
  const auto expected = answer("abc\n") + answer("xyz\n") + answer("/end\n");
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    auto got = exchange(client, text.substr(0, cut));
    got += exchange(client, text.substr(cut));
    REQUIRE(got == expected);
  }
  std::string got;
  for (char c : text)
    got += exchange(client, {&c, 1});
  CHECK(got == expected);
}

TEST_CASE_METHOD(connection_fixture, "connection: HEAD gets the head alone", "[actors][server]") {
  auto client = connect();
  auto whole = answer("/x\n");
  CHECK(exchange(client, "HEAD /x HTTP/1.1\r\nHost: d\r\n\r\n") ==
        whole.substr(0, whole.size() - 3));
  CHECK(exchange(client, "GET /x HTTP/1.1\r\nHost: d\r\n\r\n") == whole);
}

TEST_CASE_METHOD(connection_fixture, "connection: HTTP/1.0 closes unless asked to stay",
                 "[actors][server]") {
  auto client = connect();
  CHECK(exchange(client, "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") ==
        answer("/x\n", "Connection: keep-alive\r\n", "1.0"));
  CHECK_FALSE(client.ended());
  CHECK(exchange(client, "GET /y HTTP/1.0\r\n\r\n") == answer("/y\n", {}, "1.0"));
  CHECK(client.ended());
}

TEST_CASE_METHOD(connection_fixture, "connection: Connection: close ends it after the answer",
                 "[actors][server]") {
  auto client = connect();
  CHECK(exchange(client, "GET /x HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n"
                         "GET /never HTTP/1.1\r\nHost: d\r\n\r\n") == answer("/x\n", closing));
  CHECK(client.ended());
  CHECK(phase() == "closing"); // until the client has closed too
  client.close();
  settle();
  CHECK(is_gone());
}

TEST_CASE_METHOD(connection_fixture, "connection: a body over its limit is refused with 413",
                 "[actors][server]") {
  auto got = [&](std::string_view text) {
    auto client = connect();
    auto bytes = exchange(client, text);
    CHECK(client.ended());
    return bytes.substr(0, 12) + bytes.substr(bytes.find("\r\n\r\n"));
  };
  CHECK(got("POST /body HTTP/1.1\r\nHost: d\r\nContent-Length: 17\r\n\r\n").substr(0, 12) ==
        "HTTP/1.1 413");
  auto chunked = got("POST /body HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "10\r\n0123456789abcdef\r\n1\r\nx\r\n");
  CHECK(chunked.substr(0, 12) == "HTTP/1.1 413");
  CHECK(chunked.find("request body is larger than 16 bytes") != std::string::npos);
  auto client = connect();
  CHECK(exchange(client, "POST /body HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "10\r\n0123456789abcdef\r\n0\r\n\r\n") == answer("0123456789abcdef\n"));
}

TEST_CASE_METHOD(connection_fixture, "connection: 100-continue is sent when the body is wanted",
                 "[actors][server]") {
  const std::string head = "POST /body HTTP/1.1\r\nHost: d\r\nExpect: 100-continue\r\n"
                           "Content-Length: 2\r\n\r\n";
  auto client = connect();
  CHECK(exchange(client, head) == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(exchange(client, "hi") == answer("hi\n"));
  // Not to a client that did not wait for it.
  CHECK(exchange(client, head + "ho") == answer("ho\n"));
  // Where nobody wants the body there is none, and nobody knows what comes next.
  CHECK(exchange(client, "POST /x HTTP/1.1\r\nHost: d\r\nExpect: 100-continue\r\n"
                         "Content-Length: 2\r\n\r\n") == answer("/x\n", closing));
  CHECK(client.ended());
}

TEST_CASE_METHOD(connection_fixture, "connection: an unread body is skipped if it is there",
                 "[actors][server]") {
  auto client = connect();
  CHECK(exchange(client, "POST /x HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\n\r\nabc"
                         "GET /y HTTP/1.1\r\nHost: d\r\n\r\n") == answer("/x\n") + answer("/y\n"));
  CHECK(exchange(client, "POST /x HTTP/1.1\r\nHost: d\r\nContent-Length: 4\r\n\r\nabc") ==
        answer("/x\n", closing));
  CHECK(client.ended());
}

TEST_CASE_METHOD(connection_fixture, "connection: a failed job is answered with its error",
                 "[actors][server]") {
  auto client = connect();
  auto got = exchange(client, "GET /exit HTTP/1.1\r\nHost: d\r\n\r\n");
  CHECK(got.starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
  CHECK(got.ends_with("\r\n\r\n{\"message\":\"no luck\"}\n"));
  CHECK(exchange(client, "GET /x HTTP/1.1\r\nHost: d\r\n\r\n") == answer("/x\n"));
}

TEST_CASE_METHOD(connection_fixture, "connection: leaves word of each request that is over",
                 "[actors][server]") {
  auto client = connect();
  exchange(client, "GET /x?y=1 HTTP/1.1\r\nHost: d\r\n\r\n");
  exchange(client, "GET /exit HTTP/1.1\r\nHost: d\r\n\r\n");
  client.send("POST /hand HTTP/1.1\r\nHost: d\r\n\r\n");
  settle();
  auto all = requests.all();
  REQUIRE(all.size() == 2);
  CHECK(all[0].call == "GET /x?y=1");
  CHECK(all[0].status == 200);
  CHECK(all[0].connection == connections.back().id());
  CHECK(all[0].client->address == "unix");
  CHECK(all[0].took > 0);
  CHECK(all[1].call == "GET /exit");
  CHECK(all[1].status == 500);
  CHECK(all[1].id > all[0].id);
  // A client that leaves before it is answered.
  client.close();
  settle();
  all = requests.all();
  REQUIRE(all.size() == 3);
  CHECK(all[2].call == "POST /hand");
  CHECK(all[2].status == 0);
  // What is no request is none.
  auto other = connect();
  exchange(other, "nonsense\r\n\r\n");
  CHECK(requests.all().size() == 3);
}

// -- the client's end ---------------------------------------------------------------------------

TEST_CASE_METHOD(connection_fixture, "connection: a half-closed client is still answered",
                 "[actors][server]") {
  SECTION("one request") {
    auto client = connect();
    client.send("GET /hand HTTP/1.1\r\nHost: d\r\n\r\n");
    client.half_close();
    settle();
    CHECK(phase() == "waiting for an answer");
    CHECK(job().cancels.empty());
    finish(job(), "late");
    CHECK(without_date(client.receive()) == answer("late", closing));
    CHECK(client.ended());
    CHECK(is_gone());
  }
  SECTION("pipelined requests") {
    auto client = connect();
    client.send("GET /hand HTTP/1.1\r\nHost: d\r\n\r\nGET /b HTTP/1.1\r\nHost: d\r\n\r\n");
    client.half_close();
    settle();
    finish(job(), "a");
    CHECK(without_date(client.receive()) == answer("a") + answer("/b\n"));
    CHECK(client.ended());
    CHECK(is_gone());
  }
  SECTION("a big answer that is read slowly") {
    auto client = connect(nullptr, 4096);
    client.send("GET /big HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n");
    settle();
    client.half_close();
    settle();
    std::string all;
    while (!client.ended()) {
      all += client.receive(3000);
      settle();
    }
    CHECK(without_date(all) == answer(std::string(1 << 20, 'x') + "\n", closing));
    CHECK(is_gone());
  }
  SECTION("and when it has left altogether, its job ends") {
    auto client = connect();
    client.send("GET /hand HTTP/1.1\r\nHost: d\r\n\r\n");
    client.half_close();
    settle();
    client.close();
    settle();
    CHECK(is_gone());
    CHECK(job().cancels == std::vector<std::string>{"the client has left"});
  }
  SECTION("in the middle of a request: 400") {
    auto client = connect();
    client.send("GET /x HT");
    settle();
    client.half_close();
    settle();
    CHECK(client.receive().starts_with("HTTP/1.1 400 Bad Request\r\n"));
    CHECK(is_gone());
  }
  SECTION("in the middle of a body: 400") {
    auto client = connect();
    client.send("POST /body HTTP/1.1\r\nHost: d\r\nContent-Length: 9\r\n\r\nabc");
    client.half_close();
    settle();
    CHECK(client.receive().starts_with("HTTP/1.1 400 Bad Request\r\n"));
    CHECK(is_gone());
  }
}

TEST_CASE_METHOD(connection_fixture, "connection: a client that vanishes ends its job",
                 "[actors][server]") {
  SECTION("idle") {
    auto client = connect();
    client.close();
    settle();
  }
  SECTION("in a head") {
    auto client = connect();
    client.send("GET ");
    settle();
    client.close();
    settle();
  }
  SECTION("in a body") {
    auto client = connect();
    client.send("POST /body HTTP/1.1\r\nHost: d\r\nContent-Length: 9\r\n\r\nabc");
    settle();
    CHECK(phase() == "reading a body");
    client.close();
    settle();
  }
  SECTION("waiting for an answer") {
    auto client = connect();
    client.send("GET /hand HTTP/1.1\r\nHost: d\r\n\r\n");
    settle();
    client.close();
    settle();
    CHECK(job().cancels == std::vector<std::string>{"the client has left"});
    finish(job(), "nobody reads this");
  }
  SECTION("with more sent than is read ahead") {
    auto client = connect();
    client.send("POST /hand HTTP/1.1\r\nHost: d\r\nContent-Length: 999999\r\n\r\n");
    client.send(std::string(limits::read_ahead + 60'000, 'x'));
    settle();
    CHECK(std::stoul(connection_fact("bytes read and not used")) <
          limits::read_ahead + limits::read_size);
    client.close();
    settle();
    CHECK(job().cancels == std::vector<std::string>{"the client has left"});
  }
  SECTION("lingering") {
    auto client = connect();
    exchange(client, "GET /x HTTP/1.0\r\n\r\n");
    client.close();
    settle();
  }
  CHECK(is_gone());
}

TEST_CASE_METHOD(connection_fixture,
                 "connection: who does not read answers gets no further requests read",
                 "[actors][server]") {
  auto client = connect(nullptr, 4096);
  const std::string request = "GET /big HTTP/1.1\r\nHost: d\r\n\r\n";
  std::string many;
  for (int i = 0; i < 5; ++i)
    many += request;
  client.send(many);
  settle();
  for (int i = 0; i < 4; ++i) {
    client.send(many);
    settle();
  }
  CHECK(connection_fact("requests served") == "1");
  CHECK(std::stoul(connection_fact("bytes not written")) < (2U << 20));
  CHECK(std::stoul(connection_fact("bytes read and not used")) < limits::read_size);
  std::size_t total = 0;
  auto size = answer(std::string(1 << 20, 'x') + "\n").size() + 37;
  while (total < 25 * size) {
    auto got = client.receive().size();
    REQUIRE(got > 0);
    total += got;
    settle();
  }
  CHECK(total == 25 * size);
  CHECK(connection_fact("requests served") == "25");
}

// -- the daemon's end -----------------------------------------------------------------------------

TEST_CASE_METHOD(connection_fixture, "connection: asked to end, it gives the answer it owes",
                 "[actors][server]") {
  auto end = [this] {
    end_connection();
    settle();
  };
  SECTION("idle: at once") {
    auto client = connect();
    end();
    CHECK(is_gone());
    CHECK(client.receive().empty());
    CHECK(client.ended());
  }
  SECTION("waiting: afterwards") {
    auto client = connect();
    client.send("GET /hand HTTP/1.1\r\nHost: d\r\n\r\nGET /b HTTP/1.1\r\nHost: d\r\n\r\n");
    settle();
    end();
    CHECK(phase() == "waiting for an answer");
    finish(job(), "last");
    CHECK(without_date(client.receive()) == answer("last", closing));
    CHECK(client.ended());
  }
  SECTION("writing: when all is written") {
    auto client = connect(nullptr, 4096);
    client.send("GET /big HTTP/1.1\r\nHost: d\r\n\r\n");
    settle();
    end();
    std::string all;
    while (!client.ended()) {
      all += client.receive();
      settle();
    }
    CHECK(without_date(all) == answer(std::string(1 << 20, 'x') + "\n"));
  }
}

TEST_CASE_METHOD(connection_fixture, "connection: asked to end, it does not wait for ever",
                 "[actors][server]") {
  auto client = connect();
  client.send("POST /hand HTTP/1.1\r\nHost: d\r\nContent-Length: 10\r\n\r\n");
  settle();
  SECTION("for a job") { end_connection(); }
  SECTION("for a stream whose input is late before") {
    begin_stream(job());
    job().run.want_input(job().ptr());
    pass(limits::request_body - 1s);
    end_connection();
    pass(1500ms);
    REQUIRE(job().inputs.size() == 1);
  }
  settle();
  CHECK_FALSE(is_gone());
  pass(limits::connection_end + 1s);
  CHECK(is_gone());
  CHECK(job().cancels == std::vector<std::string>{"the client has left"});
}

// -- broken requests ------------------------------------------------------------------------------

TEST_CASE_METHOD(connection_fixture, "connection: every broken request gets its exact answer",
                 "[actors][server]") {
  route_for_real();
  auto cases = load_http_corpus(GANTRY_TEST_DATA "/http/broken_requests.txt");
  REQUIRE(cases.size() > 200);
  for (auto& c : cases) {
    INFO(c.line << ": " << c.name);
    auto client = connect();
    // What follows a request would be answered too.
    std::string_view bytes = c.bytes;
    bytes.remove_suffix(c.result == http_case::outcome::accepted ? c.left : 0);
    std::string raw;
    while (!bytes.empty()) {
      auto n = client.send(bytes);
      if (n == 0 && client.ended())
        break;
      bytes.remove_prefix(n);
      settle();
      raw += client.receive();
    }
    settle();
    raw += client.receive();
    auto got = without_date(raw);
    // What is wrong with a body is the parser's test; here it is enough that there is an answer,
    // which may come before the body.
    if (c.result == http_case::outcome::refused && !c.in_body) {
      CHECK(got == c.answer);
      CHECK(client.ended());
    } else if (c.result == http_case::outcome::needs_more && (!c.in_body || got.empty())) {
      CHECK(got.empty());
      CHECK_FALSE(client.ended());
    } else {
      CHECK(got.starts_with("HTTP/1."));
    }
    kill(connections.back());
    connections.clear();
    settle();
  }
}

// -- time ----------------------------------------------------------------------------------------

TEST_CASE_METHOD(connection_fixture, "connection: ends when its client takes too long",
                 "[actors][server]") {
  SECTION("with the first byte") {
    auto client = connect();
    pass(limits::first_byte - 1s);
    CHECK(phase() == "idle");
    pass(2s);
    CHECK(is_gone());
    CHECK(client.receive().empty());
  }
  SECTION("with the rest of the head") {
    auto client = connect();
    for (char c : std::string_view{"GET /x"}) {
      client.send({&c, 1});
      pass(5s - 1ms);
    }
    CHECK(phase() == "idle");
    pass(1s);
    CHECK(client.receive().starts_with("HTTP/1.1 408 Request Timeout\r\n"));
    CHECK(client.ended());
    pass(limits::linger + 1s);
    CHECK(is_gone());
  }
  SECTION("with the body, counted from its last piece") {
    auto client = connect();
    client.send("POST /body HTTP/1.1\r\nHost: d\r\nContent-Length: 9\r\n\r\nabc");
    pass(limits::request_body - 1s);
    client.send("d");
    pass(limits::request_body - 1s);
    CHECK(phase() == "reading a body");
    pass(2s);
    CHECK(client.receive().starts_with("HTTP/1.1 408 Request Timeout\r\n"));
  }
  SECTION("with the next request") {
    auto client = connect();
    exchange(client, "GET /x HTTP/1.1\r\nHost: d\r\n\r\n");
    pass(limits::keep_alive - 1s);
    CHECK(phase() == "idle");
    exchange(client, "GET /x HTTP/1.1\r\nHost: d\r\n\r\n");
    pass(limits::keep_alive - 1s);
    CHECK(phase() == "idle");
    pass(2s);
    CHECK(is_gone());
  }
  SECTION("with reading its answer") {
    auto client = connect(nullptr, 4096);
    client.send("GET /big HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n");
    pass(limits::write_stall - 1s);
    client.receive(40'000);
    pass(limits::write_stall - 1s);
    CHECK(phase() == "closing");
    pass(2s);
    CHECK(is_gone());
  }
  SECTION("with reading its answer, when the next request is there") {
    auto client = connect(nullptr, 4096);
    client.send("GET /big HTTP/1.1\r\nHost: d\r\n\r\nGET /big HTTP/1.1\r\nHost: d\r\n\r\n");
    pass(limits::write_stall + 1s);
    CHECK(is_gone());
  }
  SECTION("with closing its side") {
    auto client = connect();
    exchange(client, "GET /x HTTP/1.0\r\n\r\n");
    client.send("more and more");
    pass(limits::linger - 500ms);
    CHECK(phase() == "closing");
    pass(1s);
    CHECK(is_gone());
  }
}

TEST_CASE_METHOD(connection_fixture, "connection: a job may take its time", "[actors][server]") {
  auto client = connect();
  client.send("GET /hand HTTP/1.1\r\nHost: d\r\n\r\n");
  pass(limits::keep_alive + limits::write_stall);
  CHECK(phase() == "waiting for an answer");
  finish(job(), "x");
  CHECK(without_date(client.receive()) == answer("x"));
}

TEST_CASE_METHOD(connection_fixture, "connection: answers are counted by route and status",
                 "[actors][server]") {
  route_for_real();
  auto& figures = core::counted().requests;
  const auto routes = api::routes();
  const auto number_of = [&routes](std::string_view operation) {
    const auto at = std::find_if(routes.begin(), routes.end(),
                                 [&](const auto& r) { return r.operation == operation; });
    return static_cast<std::size_t>(at - routes.begin()) + 1;
  };
  const auto create = number_of("ContainerCreate");
  const auto before = figures.read(create);
  const auto other_before = figures.read(0);
  auto client = connect();
  // Its body is no JSON: the route is known, and there is no job.
  CHECK(exchange(client, "POST /v1.44/containers/create HTTP/1.1\r\nHost: d\r\n"
                         "Content-Type: application/json\r\nContent-Length: 1\r\n\r\n{")
            .starts_with("HTTP/1.1 400 "));
  auto now = figures.read(create);
  CHECK(now.answers[4] == before.answers[4] + 1);
  CHECK(now.bad.count() == before.bad.count() + 1);
  CHECK(now.good.count() == before.good.count());
  // No route; no request.
  CHECK(exchange(client, "GET /nowhere HTTP/1.1\r\nHost: d\r\n\r\n").starts_with("HTTP/1.1 404 "));
  CHECK(exchange(client, "nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
  const auto other = figures.read(0);
  CHECK(other.answers[4] == other_before.answers[4] + 2);
  CHECK(other.bad.count() == other_before.bad.count() + 1);
  // A body that is too long is refused for its route.
  const auto start = number_of("ContainerStart");
  const auto start_before = figures.read(start);
  auto another = connect();
  CHECK(exchange(another, "POST /v1.44/containers/x/start HTTP/1.1\r\nHost: d\r\n"
                          "Content-Length: 99999999999\r\n\r\n")
            .starts_with("HTTP/1.1 413 "));
  CHECK(figures.read(start).answers[4] == start_before.answers[4] + 1);
}
