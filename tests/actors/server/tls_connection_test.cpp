#include "tests/actors/server/connection_fixture.hpp"
#include "tests/actors/server/tls_client.hpp"

#include <csignal>

using namespace gantry;
using namespace gantry::test;
using namespace std::chrono_literals;

namespace {

class tls_fixture : public connection_fixture {
public:
  tls_fixture() { std::signal(SIGPIPE, SIG_IGN); } // as the daemon does

  /// Until the handshake is done or goes no further.
  bool shake(tls_client& client) {
    for (int i = 0; i < 10 && client.failure().empty(); ++i) {
      if (client.connect()) {
        settle();
        return true;
      }
      settle();
    }
    return false;
  }

  tls_files files;
};

constexpr std::string_view get_x = "GET /x HTTP/1.1\r\nHost: d\r\n\r\n";

} // namespace

TEST_CASE_METHOD(tls_fixture, "tls connection: requests are answered", "[actors][server][tls]") {
  auto context = files.context(false);
  auto socket = connect(context.get());
  CHECK(phase() == "TLS handshake");
  tls_client client(socket.fd(), nullptr);
  REQUIRE(shake(client));
  CHECK(phase() == "idle");
  CHECK(client.send(get_x));
  settle();
  CHECK(without_date(client.receive()) == answer("/x\n"));
  CHECK(client.send("GET /y HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n"));
  settle();
  CHECK(without_date(client.receive()) == answer("/y\n", closing));
  CHECK(client.ended());
  CHECK(client.failure().empty());
}

TEST_CASE_METHOD(tls_fixture, "tls connection: a client's end is not the end of its answer",
                 "[actors][server][tls]") {
  auto context = files.context(false);
  auto socket = connect(context.get());
  tls_client client(socket.fd(), nullptr);
  REQUIRE(shake(client));
  CHECK(client.send("GET /hand HTTP/1.1\r\nHost: d\r\n\r\n"));
  client.end();
  settle();
  CHECK(phase() == "waiting for an answer");
  finish(job(), "late");
  CHECK(without_date(client.receive()) == answer("late", closing));
}

TEST_CASE_METHOD(tls_fixture, "tls connection: a big answer survives a slow reader",
                 "[actors][server][tls]") {
  auto context = files.context(false);
  auto socket = connect(context.get(), 4096);
  tls_client client(socket.fd(), nullptr);
  REQUIRE(shake(client));
  CHECK(client.send("GET /big HTTP/1.1\r\nHost: d\r\n\r\n"));
  CHECK(client.send(get_x));
  settle();
  auto size = answer(std::string(1 << 20, 'x') + "\n").size() + answer("/x\n").size();
  std::string all;
  for (int i = 0; i < 5000 && all.size() < size + 2 * 37; ++i) {
    all += client.receive(5000);
    settle();
  }
  CHECK(client.failure().empty());
  CHECK(without_date(all) == answer(std::string(1 << 20, 'x') + "\n") + answer("/x\n"));
}

TEST_CASE_METHOD(tls_fixture, "tls connection: streams and bodies of many records go through",
                 "[actors][server][tls]") {
  auto context = files.context(false);
  auto socket = connect(context.get());
  tls_client client(socket.fd(), nullptr);
  REQUIRE(shake(client));
  CHECK(client.send("POST /hand HTTP/1.1\r\nHost: d\r\nContent-Length: 160000\r\n\r\n"));
  settle();
  std::size_t got = 0;
  for (std::size_t sent = 0; got < 160'000;) {
    if (sent < 160'000 && client.send(std::string(16'000, 'x')))
      sent += 16'000;
    job().run.want_input(job().ptr(), 10'000);
    settle();
    for (auto& input : job().inputs)
      got += input.bytes.size();
    job().inputs.clear();
  }
  CHECK(got == 160'000);
  begin_stream(job());
  write(job(), std::string(100'000, 'y'));
  auto all = client.receive();
  for (int i = 0; i < 100 && !all.ends_with("yy\r\n"); ++i) {
    settle();
    all += client.receive();
  }
  CHECK(all.ends_with("yy\r\n"));
  CHECK(client.failure().empty());
}

TEST_CASE_METHOD(tls_fixture, "tls connection: plain HTTP gets a readable answer",
                 "[actors][server][tls]") {
  auto context = files.context(false);
  auto client = connect(context.get());
  client.send("GET /version HTTP/1.1\r\nHost: d\r\n\r\n");
  settle();
  CHECK(client.receive() == "HTTP/1.0 400 Bad Request\r\n\r\n"
                            "Client sent an HTTP request to an HTTPS server.\n");
  CHECK(client.ended());
  client.send("and more"); // must not reset the connection
  settle();
  client.receive();
  CHECK_FALSE(client.was_reset());
  pass(limits::linger + 1s);
  CHECK(is_gone());
}

TEST_CASE_METHOD(tls_fixture, "tls connection: nonsense and silence end it",
                 "[actors][server][tls]") {
  auto context = files.context(false);
  SECTION("nonsense") {
    auto client = connect(context.get());
    client.send(std::string(100, '\x7f'));
    settle();
    client.receive();
    CHECK(client.ended());
    pass(limits::linger + 1s);
  }
  SECTION("silence") {
    auto client = connect(context.get());
    pass(limits::handshake - 1s);
    CHECK(phase() == "TLS handshake");
    pass(2s);
    CHECK(client.receive().empty());
  }
  SECTION("an early end") {
    auto client = connect(context.get());
    client.close();
    settle();
  }
  CHECK(is_gone());
}

TEST_CASE_METHOD(tls_fixture, "tls connection: mutual TLS knows its client's name",
                 "[actors][server][tls]") {
  auto context = files.context(true);
  auto socket = connect(context.get());
  tls_client client(socket.fd(), files.client.get());
  REQUIRE(shake(client));
  CHECK(client.send(get_x));
  settle();
  CHECK(without_date(client.receive()) == answer("/x\n"));
  CHECK(connection_fact("certificate") == "CN=client,O=Gantry\\, Tests");
}

TEST_CASE_METHOD(tls_fixture, "tls connection: who has no certificate is told so",
                 "[actors][server][tls]") {
  auto context = files.context(true);
  auto socket = connect(context.get());
  tls_client client(socket.fd(), nullptr);
  // In TLS 1.3 the client is done first, and its request is on the way when it is refused.
  client.connect();
  settle();
  client.connect();
  client.send(get_x);
  settle();
  client.receive();
  CHECK(client.failure().find("certificate required") != std::string::npos);
  CHECK(phase() == "closing");
  socket.close();
  settle();
  CHECK(is_gone());
}
