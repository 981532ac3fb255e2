#include "actors/host/listen_address.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gantry;
using namespace gantry::host;

TEST_CASE("listen_address: normal forms of table 2.2", "[host]") {
  struct row {
    const char* input;
    const char* normal;
  };
  const row rows[] = {
      {"", "unix:///var/run/docker.sock"},
      {"  \t\n", "unix:///var/run/docker.sock"},
      {"unix://", "unix:///var/run/docker.sock"},
      {"unix:///tmp/x.sock", "unix:///tmp/x.sock"},
      {" unix:///tmp/x.sock\n", "unix:///tmp/x.sock"},
      {"unix://relative:with:colons", "unix://relative:with:colons"},
      {"unix:///a://b", "unix:///a://b"},
      {"tcp://:2375", "tcp://127.0.0.1:2375"},
      {":2375", "tcp://127.0.0.1:2375"},
      {"tcp://0.0.0.0:4243", "tcp://0.0.0.0:4243"},
      {"0.0.0.0:4243", "tcp://0.0.0.0:4243"},
      {"localhost:2375", "tcp://localhost:2375"},
      {"tcp://h:65535", "tcp://h:65535"},
      {"tcp://h:02375", "tcp://h:2375"},
      {"tcp://:0", "tcp://127.0.0.1:0"},
      {"tcp://[::1]:2375", "tcp://[::1]:2375"},
      {"[::]:2375", "tcp://[::]:2375"},
      {"tcp://[fe80::1%eth0]:1", "tcp://[fe80::1%eth0]:1"},
      {"fd://", "fd://"},
      {"fd://*", "fd://*"},
      {"fd://3", "fd://3"},
      {"fd://docker.socket", "fd://docker.socket"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.input);
    auto parsed = parse_listen_address(row.input);
    REQUIRE(parsed.has_value());
    CHECK(to_string(*parsed) == row.normal);
    auto again = parse_listen_address(row.normal);
    REQUIRE(again.has_value());
    CHECK(*again == *parsed);
  }
}

TEST_CASE("listen_address: parts", "[host]") {
  auto v4 = parse_listen_address(":2375").value();
  CHECK(v4.proto == listen_proto::tcp);
  CHECK(v4.host == "127.0.0.1");
  CHECK(v4.port == 2375);
  CHECK(v4.address == "127.0.0.1:2375");
  auto v6 = parse_listen_address("tcp://[::1]:80").value();
  CHECK(v6.host == "::1");
  CHECK(v6.port == 80);
  CHECK(v6.address == "[::1]:80");
  auto fd = parse_listen_address("fd://*").value();
  CHECK(fd.proto == listen_proto::fd);
  CHECK(fd.address == "*");
  CHECK(fd.host.empty());
}

TEST_CASE("listen_address: error texts of table 2.2", "[host]") {
  struct row {
    const char* input;
    const char* text;
  };
  const row rows[] = {
      {"tcp://", "Invalid bind address format: tcp://"},
      {"tcp://host", "Invalid bind address format: host"},
      {"host", "Invalid bind address format: host"},
      {"tcp://host:", "Invalid bind address format: host:"},
      {"tcp://host:port", "Invalid bind address format: host:port"},
      {"tcp://host:-1", "Invalid bind address format: host:-1"},
      {"tcp://host:+1", "Invalid bind address format: host:+1"},
      {"tcp://host:65536", "Invalid bind address format: host:65536"},
      {"tcp://host:99999999999999999999", "Invalid bind address format: host:99999999999999999999"},
      {"tcp://host:80/", "Invalid bind address format: host:80/"},
      {"tcp://a:b:80", "Invalid bind address format: a:b:80"},
      {"tcp://::1:80", "Invalid bind address format: ::1:80"},
      {"tcp://[::1]", "Invalid bind address format: [::1]"},
      {"tcp://[::1]80", "Invalid bind address format: [::1]80"},
      {"tcp://[::1:80", "Invalid bind address format: [::1:80"},
      {"tcp://[]:80", "Invalid bind address format: []:80"},
      {"tcp://[127.0.0.1]:80", "Invalid bind address format: [127.0.0.1]:80"},
      {"tcp://[fe80::1%]:80", "Invalid bind address format: [fe80::1%]:80"},
      {"tcp://a b:80", "Invalid bind address format: a b:80"},
      {"tcp://a/b:80", "Invalid bind address format: a/b:80"},
      {"udp://127.0.0.1:2375", "Invalid bind address protocol: udp://127.0.0.1:2375"},
      {" http://x:80 ", "Invalid bind address protocol: http://x:80"},
      {"://x", "Invalid bind address protocol: ://x"},
      {"TCP://h:1", "Invalid bind address protocol: TCP://h:1"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.input);
    auto parsed = parse_listen_address(row.input);
    REQUIRE(parsed.has_error());
    CHECK(parsed.error() == api_error{errc::invalid_parameter, row.text});
  }
}

TEST_CASE("listen_address: A1 an argument without :// is the usage error", "[host]") {
  auto halves = split_proto_addr("tcp://a://b").value();
  CHECK(halves.proto == "tcp");
  CHECK(halves.addr == "a://b");
  for (const char* arg : {"", "tcp", "127.0.0.1:2375", "tcp:/x"}) {
    CAPTURE(arg);
    CHECK(split_proto_addr(arg).error() ==
          api_error{errc::invalid_parameter, "usage: serveapi PROTO://ADDR [PROTO://ADDR ...]"});
    CHECK(parse_serveapi_arg(arg).error().message == serveapi_usage);
  }
}

TEST_CASE("listen_address: 3.2 a protocol that is not served", "[host]") {
  for (const char* arg : {"tcp4://127.0.0.1:1", "unixpacket:///x", "://x", " tcp://127.0.0.1:1"}) {
    CAPTURE(arg);
    CHECK(parse_serveapi_arg(arg).error() ==
          api_error{errc::invalid_parameter, "Invalid protocol format."});
  }
  CHECK(to_string(parse_serveapi_arg("tcp://127.0.0.1:0").value()) == "tcp://127.0.0.1:0");
  CHECK(to_string(parse_serveapi_arg("unix:///x").value()) == "unix:///x");
  CHECK(parse_serveapi_arg("fd://*").value().address == "*");
  CHECK(parse_serveapi_arg("tcp://x").error().message == "Invalid bind address format: x");
}
