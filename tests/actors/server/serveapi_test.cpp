#include "tests/actors/server/server_fixture.hpp"
#include "tests/actors/server/tls_client.hpp"

#include <fcntl.h>

#include <map>

using namespace gantry;
using namespace gantry::test;

namespace {

host::unique_fd listening_tcp() {
  host::unique_fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(fd.get(), 10) == 0);
  return fd;
}

/// Sockets as the init system would pass them. They stand at 300 and up instead of at 3.
host::socket_activation pass(std::vector<int> fds) {
  constexpr int first = 300;
  for (std::size_t i = 0; i < fds.size(); ++i)
    REQUIRE(::dup2(fds[i], first + static_cast<int>(i)) >= 0);
  std::map<std::string, std::string> env{{"LISTEN_PID", std::to_string(::getpid())},
                                         {"LISTEN_FDS", std::to_string(fds.size())}};
  return host::socket_activation::take(
      [&](const char* name) -> const char* {
        auto i = env.find(name);
        return i == env.end() ? nullptr : i->second.c_str();
      },
      ::getpid(), first);
}

} // namespace

TEST_CASE("serveapi: A1: usage errors come before anything is opened", "[actors][server]") {
  server_fixture server;
  temp_dir dir;
  auto path = dir.file("a.sock");
  for (auto& args : std::vector<std::vector<std::string>>{{}, {"unix://" + path, "nonsense"}}) {
    auto reply = server.serve(args)->wait();
    CHECK(reply.status == job::status_error);
    CHECK(reply.kind == errc::invalid_parameter);
    CHECK(reply.error == "usage: serveapi PROTO://ADDR [PROTO://ADDR ...]");
    CHECK_FALSE(dir.has("a.sock"));
  }
  CHECK(server.serve({"unix://" + path, "sctp://x:1"})->wait().error == "Invalid protocol format.");
  CHECK_FALSE(dir.has("a.sock"));
  CHECK(server.actors("listener") == 0);
}

TEST_CASE("serveapi: A3, K-19: one bad address leaves nothing open", "[actors][server]") {
  server_fixture server;
  temp_dir dir;
  auto before = open_descriptors();
  auto job = server.serve({"unix://" + dir.file("a.sock"), "unix:///nonexistent/b.sock"});
  auto reply = job->wait();
  CHECK(reply.error ==
        "failed to listen on unix:///nonexistent/b.sock: bind: No such file or directory");
  CHECK_FALSE(dir.has("a.sock"));
  CHECK(server.actors("listener") == 0);
  CHECK(eventually([&] { return open_descriptors() == before; }));
}

TEST_CASE("serveapi: serves every address and ends well at shutdown", "[actors][server]") {
  server_fixture server;
  temp_dir dir;
  auto job = server.serve({"tcp://127.0.0.1:0", "unix://" + dir.file("a.sock")});
  auto bound = job->addresses();
  REQUIRE(bound.size() == 2);
  CHECK(bound[0].starts_with("tcp://127.0.0.1:"));
  CHECK(bound[1] == "unix://" + dir.file("a.sock"));
  std::vector<caller> idle;
  for (auto& address : bound) {
    auto client = caller::to(address);
    REQUIRE(client);
    CHECK(client.ping());
    CHECK(client.pinged());
    idle.push_back(std::move(client));
  }
  CHECK_FALSE(job->ended());
  server.shut_down();
  CHECK(job->wait().status == job::status_ok);
  for (auto& client : idle)
    CHECK(client.ends());
  CHECK_FALSE(dir.has("a.sock"));
  for (auto& address : bound)
    CHECK_FALSE(caller::to(address));
  CHECK(eventually([&] { return server.actors("listener") + server.actors("connection") == 0; }));
}

TEST_CASE("serveapi: shutdown lets clients have the answers they wait for", "[actors][server]") {
  server_fixture server;
  temp_dir dir;
  auto job = server.serve({"unix://" + dir.file("a.sock")});
  auto bound = job->addresses();
  REQUIRE(bound.size() == 1);
  auto client = caller::to(bound[0]);
  CHECK(client.send("GET /info HTTP/1.1\r\nHost: d\r\n\r\n"));
  REQUIRE(eventually([&] { return server.slow->started == 1; }));
  std::thread ending{[&] { server.shut_down(); }};
  // The phase in which jobs have time: new ones are refused.
  CHECK(eventually([&] {
    auto other = caller::to(bound[0]);
    return other.send("GET /_ping HTTP/1.0\r\n\r\n") &&
           other.receive({}).find("engine is shutdown") != std::string::npos;
  }));
  server.slow->finish();
  CHECK(client.receive({}).starts_with("HTTP/1.1 200 OK\r\n"));
  ending.join();
  CHECK(job->wait().status == job::status_ok);
}

TEST_CASE("serveapi: a cancelled job closes its listeners", "[actors][server]") {
  server_fixture server;
  temp_dir dir;
  auto job = server.serve({"unix://" + dir.file("a.sock"), "unix://" + dir.file("b.sock")});
  REQUIRE(job->addresses().size() == 2);
  auto last = core::next_request_id();
  for (core::request_id id = 1; id < last; ++id)
    caf::anon_send(server.engine, core::cancel_job{id});
  CHECK(job->wait().status == job::status_ok);
  CHECK_FALSE(dir.has("a.sock"));
  CHECK_FALSE(dir.has("b.sock"));
}

TEST_CASE("serveapi: plain TCP beyond loopback is refused", "[actors][server]") {
  server_fixture server;
  auto reply = server.serve({"tcp://0.0.0.0:0"})->wait();
  CHECK(reply.kind == errc::forbidden);
  CHECK(reply.error.starts_with("refusing to listen on tcp://0.0.0.0:"));
  CHECK(reply.error.ends_with(
      " without --tlsverify: whoever can reach this address would be root on this machine; "
      "use --tlsverify with certificates, or a loopback address, or "
      "--insecure-allow-unauthenticated-tcp if you accept that"));
  auto allowed = server.serve({"tcp://0.0.0.0:0"}, {{"InsecureTcp", "1"}});
  CHECK(allowed->addresses().size() == 1);
}

TEST_CASE("serveapi: K-20: fd addresses without sockets are errors", "[actors][server]") {
  server_fixture server;
  CHECK(server.serve({"fd://"})->wait().error == "No sockets found");
  CHECK(server.serve({"fd://2"})->wait().error == "No sockets found");
}

TEST_CASE("serveapi: sockets of the init system are served", "[actors][server]") {
  auto socket = listening_tcp();
  server_fixture server{pass({socket.get()})};
  auto job = server.serve({"fd://"});
  auto bound = job->addresses();
  REQUIRE(bound.size() == 1);
  auto client = caller::to(bound[0]);
  CHECK(client.ping());
  CHECK(client.pinged());
}

TEST_CASE("serveapi: A3: the first listener that fails closes the others", "[actors][server]") {
  auto socket = listening_tcp();
  server_fixture server{pass({socket.get()})};
  temp_dir dir;
  auto job = server.serve({"fd://", "unix://" + dir.file("a.sock")});
  auto bound = job->addresses();
  REQUIRE(bound.size() == 2);
  auto idle = caller::to(bound[1]);
  ::shutdown(socket.get(), SHUT_RDWR); // accept(2) says EINVAL from now on
  auto reply = job->wait();
  CHECK(reply.error == "failed to accept on " + bound[0] + ": accept: Invalid argument");
  CHECK(idle.ends());
  CHECK_FALSE(dir.has("a.sock"));
  CHECK(eventually([&] { return server.actors("listener") == 0; }));
}

// -- acceptconnections
// ------------------------------------------------------------------------------

TEST_CASE("acceptconnections: K-12: clients wait until they are released", "[actors][server]") {
  server_fixture server;
  temp_dir dir;
  auto job = server.serve({"unix://" + dir.file("a.sock"), "tcp://127.0.0.1:0"},
                          {{"BufferRequests", "1"}});
  auto bound = job->addresses();
  REQUIRE(bound.size() == 2);
  std::vector<caller> clients;
  for (int i = 0; i < 300; ++i) {
    clients.push_back(caller::to(bound[static_cast<std::size_t>(i) % 2]));
    REQUIRE(clients.back());
    CHECK(clients.back().ping());
    CHECK(clients.back().ping());
  }
  CHECK(server.actors("connection") == 0);
  for (auto& client : clients)
    CHECK_FALSE(client.has_news());
  CHECK(server.notified == 0);
  CHECK(server.run({"acceptconnections", {}, {}})->wait().status == job::status_ok);
  for (auto& client : clients) {
    auto got = client.receive("\r\n\r\nOK");
    if (got.find("OK", got.find("\r\n\r\nOK") + 6) == std::string::npos)
      got += client.receive("\r\n\r\nOK");
    CHECK(got.ends_with("\r\n\r\nOK"));
  }
  CHECK(server.notified == 1);
}

TEST_CASE("acceptconnections: K-18: may come before serveapi, and twice", "[actors][server]") {
  server_fixture server;
  temp_dir dir;
  for (int i = 0; i < 2; ++i)
    CHECK(server.run({"acceptconnections", {}, {}})->wait().status == job::status_ok);
  auto job = server.serve({"unix://" + dir.file("a.sock")}, {{"BufferRequests", "1"}});
  auto bound = job->addresses();
  REQUIRE(bound.size() == 1);
  auto client = caller::to(bound[0]);
  CHECK(client.ping());
  CHECK(client.pinged());
  CHECK(server.run({"acceptconnections", {}, {}})->wait().status == job::status_ok);
  CHECK(client.ping());
  CHECK(client.pinged());
  CHECK(server.notified == 1);
}

TEST_CASE("acceptconnections: K-18: may come while serveapi starts", "[actors][server]") {
  for (int i = 0; i < 20; ++i) {
    server_fixture server;
    temp_dir dir;
    auto job = server.serve({"unix://" + dir.file("a.sock")}, {{"BufferRequests", "1"}});
    server.run({"acceptconnections", {}, {}});
    auto bound = job->addresses();
    REQUIRE(bound.size() == 1);
    auto client = caller::to(bound[0]);
    CHECK(client.ping());
    CHECK(client.pinged());
  }
}

TEST_CASE("acceptconnections: shutdown before it ends those who wait", "[actors][server]") {
  server_fixture server;
  temp_dir dir;
  auto job = server.serve({"unix://" + dir.file("a.sock")}, {{"BufferRequests", "1"}});
  auto bound = job->addresses();
  REQUIRE(bound.size() == 1);
  std::vector<caller> clients;
  for (int i = 0; i < 10; ++i)
    clients.push_back(caller::to(bound[0]));
  server.shut_down();
  CHECK(job->wait().status == job::status_ok);
  for (auto& client : clients)
    CHECK(client.ends());
}

// -- TLS
// ----------------------------------------------------------------------------------------------

TEST_CASE("serveapi: a job knows who its client is", "[actors][server][tls]") {
  const std::string question = "GET /version HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n";
  tls_files files;
  server_fixture server;
  temp_dir dir;
  auto job = server.serve({"tcp://127.0.0.1:0", "unix://" + dir.file("s")},
                          {{"TlsVerify", "1"},
                           {"TlsCert", files.options.cert.c_str()},
                           {"TlsKey", files.options.key.c_str()},
                           {"TlsCa", files.options.ca.c_str()}});
  auto bound = job->addresses();
  REQUIRE(bound.size() == 2);
  auto remote = caller::to(bound[0]);
  tls_client client(remote.fd(), files.client.get());
  REQUIRE(client.connect());
  REQUIRE(client.send(question));
  auto answer = client.receive();
  CHECK(answer.find(R"("Os":"tcp://127.0.0.1:)") != std::string::npos);
  CHECK(answer.find(R"("Arch":"CN=client)") != std::string::npos);

  auto local = caller::to(bound[1]);
  REQUIRE(local.send(question));
  answer = local.receive("}");
  CHECK(answer.find(R"("Os":"unix")") != std::string::npos);
  CHECK(answer.find(R"("Arch":"")") != std::string::npos);
}

TEST_CASE("serveapi: mutual TLS over TCP, and its certificates read again",
          "[actors][server][tls]") {
  tls_files files;
  server_fixture server;
  auto job = server.serve({"tcp://127.0.0.1:0"}, {{"TlsVerify", "1"},
                                                  {"TlsCert", files.options.cert.c_str()},
                                                  {"TlsKey", files.options.key.c_str()},
                                                  {"TlsCa", files.options.ca.c_str()}});
  auto bound = job->addresses();
  REQUIRE(bound.size() == 1);
  auto served_as = [&] {
    auto socket = caller::to(bound[0]);
    REQUIRE(socket);
    tls_client client(socket.fd(), files.client.get());
    REQUIRE(client.connect());
    REQUIRE(client.send("GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n"));
    REQUIRE(client.receive(1).size() == 1);
    return client.peer_name();
  };
  CHECK(served_as() == "localhost");
  certificate_request other;
  other.common_name = "renewed";
  certificate renewed(other, files.authority.get());
  files.dir.write("cert.pem", renewed.pem());
  files.dir.write("key.pem", renewed.key_pem());
  caf::anon_send(server.activation, server::reload_listeners{});
  CHECK(eventually([&] { return served_as() == "renewed"; }));
  // What cannot be read changes nothing.
  files.dir.write("key.pem", "nonsense");
  caf::anon_send(server.activation, server::reload_listeners{});
  CHECK(served_as() == "renewed");

  auto refused = server.serve(
      {"tcp://127.0.0.1:0"},
      {{"Tls", "1"}, {"TlsCert", "/nonexistent/cert.pem"}, {"TlsKey", "/nonexistent/key.pem"}});
  CHECK(refused->wait().error ==
        "Couldn't load X509 key pair (/nonexistent/cert.pem, /nonexistent/key.pem): "
        "open /nonexistent/cert.pem: no such file or directory. Key encrypted?");
}
