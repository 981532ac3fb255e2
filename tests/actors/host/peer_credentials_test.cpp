#include "actors/host/peer_credentials.hpp"

#include "actors/host/listener_socket.hpp"
#include "tests/actors/host/sockets.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

using namespace gantry;
using namespace gantry::host;

TEST_CASE("peer_credentials: of a connected unix socket", "[host]") {
  gantry::test::temp_dir dir;
  auto path = dir.file("x.sock");
  auto listener = gantry::test::bind_unix(path);
  REQUIRE(::listen(listener.get(), 5) == 0);
  auto client = gantry::test::connect_unix(path);
  REQUIRE(client);
  unique_fd accepted{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  REQUIRE(accepted);
  client.reset(); // they are those of the time of the connect
  CHECK(peer_credentials_of(accepted.get()).value() ==
        peer_credentials{::getpid(), ::geteuid(), ::getegid()});
}

TEST_CASE("peer_credentials: errors for what is not a unix socket", "[host]") {
  unique_fd tcp{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  CHECK(peer_credentials_of(tcp.get()).error() ==
        api_error{errc::invalid_parameter, "not a unix socket"});
  unique_fd file{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  CHECK(peer_credentials_of(file.get()).error().message ==
        "getsockopt: Socket operation on non-socket");
  CHECK(peer_credentials_of(-1).error().message == "getsockopt: Bad file descriptor");
}

TEST_CASE("peer address: of unix and tcp sockets", "[host]") {
  gantry::test::temp_dir dir;
  auto path = dir.file("x.sock");
  auto listener = gantry::test::bind_unix(path);
  REQUIRE(::listen(listener.get(), 5) == 0);
  auto client = gantry::test::connect_unix(path);
  unique_fd accepted{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  CHECK(peer_address_of(accepted.get()) == "unix");
  for (const bool v6 : {false, true}) {
    auto tcp = open_tcp_listener(v6 ? "::1" : "127.0.0.1", 0);
    if (v6 && !tcp)
      continue; // a machine without IPv6
    sockaddr_storage at{};
    socklen_t size = sizeof at;
    REQUIRE(::getsockname(tcp->fd.get(), reinterpret_cast<sockaddr*>(&at), &size) == 0);
    unique_fd connected{::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    REQUIRE(::connect(connected.get(), reinterpret_cast<sockaddr*>(&at), size) == 0);
    CHECK(peer_address_of(connected.get()) == tcp->bound);
  }
  CHECK(peer_address_of(-1) == "tcp");
}
