#include "actors/inspect/service/pages.hpp"
#include "tests/actors/inspect/service/inspected.hpp"

#include "actors/core/stream_meter.hpp"
#include "tests/actors/server/tls_client.hpp"

#include <boost/json/array.hpp>
#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <set>
#include <string>

using namespace gantry;
using namespace gantry::test;

namespace {

/// `GET /v1/` for each page and method that the document has, by its indentation.
std::set<std::string> documented() {
  std::set<std::string> all;
  std::string_view text = inspect::openapi_document();
  std::string path;
  bool in_paths = false;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.starts_with(' '))
      in_paths = line == "paths:";
    else if (in_paths && line.starts_with("  /"))
      path = line.substr(2, line.size() - 3);
    else if (in_paths && line.starts_with("    ") && line[4] != ' ' && line.ends_with(':')) {
      std::string method{line.substr(4, line.size() - 5)};
      std::transform(method.begin(), method.end(), method.begin(), ::toupper);
      all.insert(method + ' ' + path);
    }
  }
  return all;
}

/// Connects to `tcp://127.0.0.1:PORT`.
host::unique_fd connect_tcp(const std::string& bound) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port =
      htons(static_cast<std::uint16_t>(std::stoi(bound.substr(bound.rfind(':') + 1))));
  host::unique_fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  REQUIRE(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(host::set_nonblocking(fd.get()));
  return fd;
}

} // namespace

TEST_CASE("openapi: has the pages that there are, and no others", "[actors][inspect]") {
  std::set<std::string> there;
  for (auto& each : inspect::page_routes())
    there.insert(std::string{each.method} + ' ' + std::string{each.path});
  CHECK(documented() == there);
  inspected i;
  auto served = i.ask("GET", "/v1/openapi.yaml");
  CHECK(served.body == inspect::openapi_document());
  CHECK(served.head.find("Content-Type: application/yaml") != std::string::npos);
  for (auto& each : inspect::page_routes()) {
    INFO(each.path);
    if (each.method == "GET" && each.path.find('{') == std::string_view::npos)
      CHECK(i.ask("HEAD", each.path).status == 200);
  }
}

TEST_CASE("inspect: streams, those that are held up first", "[actors][inspect]") {
  inspected i;
  {
    core::stream_meter flowing, held;
    flowing.begin(&i.streams, 5, "job output", 17, 100);
    held.begin(&i.streams, 6, "attach input", 0, 10);
    flowing.went(40, 60);
    held.went(10, 0);
    CHECK(eventually([&] {
      auto all = i.get("/v1/streams").at("streams").as_array();
      REQUIRE(all.size() == 2);
      return all.at(0).at("held_ns").as_int64() > 0;
    }));
    auto all = i.get("/v1/streams").at("streams").as_array();
    CHECK(all.at(0).at("actor") == 6);
    CHECK(all.at(0).at("what") == "attach input");
    CHECK(all.at(0).at("credit") == 0);
    CHECK(all.at(0).at("bytes") == 10);
    CHECK(all.at(1).at("actor") == 5);
    CHECK(all.at(1).at("request") == 17);
    CHECK(all.at(1).at("credit") == 60);
    CHECK(all.at(1).at("held_ns") == 0);
    held.granted(30);
    CHECK(i.find("/v1/streams", "streams", "actor", 6).at("held_ns") == 0);
  }
  CHECK(i.get("/v1/streams").at("streams").as_array().empty());
}

TEST_CASE("inspect: connections and jobs are read from their boards", "[actors][inspect]") {
  inspected i;
  core::client_info who;
  who.address = "tcp://10.0.0.1:1234";
  who.uid = 1000;
  who.pid = 42;
  who.subject = "CN=alice";
  http::request head;
  head.method = "GET";
  head.target = "/containers/\xff/json";
  auto client = std::make_shared<const core::client_info>(who);
  auto listener = std::make_shared<const std::string>("tcp://0.0.0.0:2376");
  auto since = std::chrono::steady_clock::now() - std::chrono::seconds{5};
  const std::string call = "container_inspect(x)";
  {
    core::connection_board::place first;
    core::connection_board::place second;
    core::job_board::place job;
    first.put_up(&i.connections, {3, listener, client, since, 7, 99, &head});
    second.put_up(&i.connections, {4, listener, client, since + std::chrono::seconds{1}});
    job.put_up(&i.jobs, {99, &call, 12, client.get(), since});
    auto all = i.get("/v1/connections").at("connections").as_array();
    REQUIRE(all.size() == 2);
    auto one = all.at(0).as_object();
    CHECK(one.at("actor") == 3);
    CHECK(one.at("listener") == "tcp://0.0.0.0:2376");
    CHECK(one.at("peer") == "tcp://10.0.0.1:1234");
    CHECK(one.at("uid") == 1000);
    CHECK(one.at("pid") == 42);
    CHECK(one.at("subject") == "CN=alice");
    CHECK(one.at("age_ns").as_int64() >= 5'000'000'000);
    CHECK(one.at("requests") == 7);
    CHECK(one.at("request") == 99);
    CHECK(one.at("doing") == "GET /containers/\xef\xbf\xbd/json");
    CHECK(all.at(1).at("doing") == "");
    auto jobs = i.get("/v1/jobs").at("jobs").as_array();
    REQUIRE(jobs.size() == 1);
    CHECK(jobs.at(0).at("request") == 99);
    CHECK(jobs.at(0).at("call") == "container_inspect(x)");
    CHECK(jobs.at(0).at("actor") == 12);
    CHECK(jobs.at(0).at("client") == "tcp://10.0.0.1:1234");
    first.change([](core::connection_card& card) { card.head = nullptr; });
    CHECK(i.get("/v1/connections").at("connections").as_array().at(0).at("doing") == "");
  }
  CHECK(i.get("/v1/connections").at("connections").as_array().empty());
  CHECK(i.get("/v1/jobs").at("jobs").as_array().empty());
}

TEST_CASE("inspect service: over tcp with client certificates only", "[actors][inspect]") {
  inspected i;
  tls_files files;
  inspect::service_options how{host::parse_listen_address("tcp://127.0.0.1:0").value(), {}};
  inspect::service remote{i.sources()};
  CHECK(remote.open(how).error().kind == errc::forbidden);
  files.options.verify = false;
  how.tls = files.options;
  CHECK(remote.open(how).error().kind == errc::forbidden);
  how.tls->verify = true;
  REQUIRE(remote.open(how).has_value());
  REQUIRE(remote.bound().starts_with("tcp://127.0.0.1:"));

  auto exchange = [&](const certificate* own, std::string_view request) {
    auto fd = connect_tcp(remote.bound());
    tls_client client{fd.get(), own};
    std::string all;
    bool connected = false;
    bool sent = false;
    eventually([&] {
      connected = connected || client.connect();
      sent = sent || (connected && client.send(request));
      if (connected)
        all += client.receive();
      return client.ended() || !client.failure().empty();
    });
    return all;
  };
  auto get =
      exchange(files.client.get(), "GET /v1/ HTTP/1.1\r\nHost: i\r\nConnection: close\r\n\r\n");
  CHECK(get.find(" 200 OK") != std::string::npos);
  CHECK(get.find("\"api\":\"v1\"") != std::string::npos);
  auto put =
      exchange(files.client.get(), "PUT /v1/loglevel HTTP/1.1\r\nHost: i\r\nConnection: close\r\n"
                                   "Content-Length: 16\r\n\r\n{\"level\":\"info\"}");
  CHECK(put.find(" 403 ") != std::string::npos);
  CHECK(exchange(nullptr, "GET /v1/ HTTP/1.1\r\nHost: i\r\n\r\n").empty());
  remote.reload_tls();
  CHECK(exchange(files.client.get(), "GET /v1/ HTTP/1.1\r\nHost: i\r\nConnection: close\r\n\r\n")
            .find(" 200 OK") != std::string::npos);
}
