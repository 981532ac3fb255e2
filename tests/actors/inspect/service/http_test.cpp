#include "tests/actors/inspect/service/inspected.hpp"

#include "actors/core/limits.hpp"

#include <boost/json/array.hpp>
#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

using namespace gantry;
using namespace gantry::test;

namespace {

bool has(std::string_view all, std::string_view part) {
  return all.find(part) != std::string_view::npos;
}

std::size_t count(std::string_view all, std::string_view part) {
  std::size_t n = 0;
  for (auto i = all.find(part); i != std::string_view::npos; i = all.find(part, i + part.size()))
    ++n;
  return n;
}

} // namespace

TEST_CASE("inspect service: greets", "[actors][inspect]") {
  inspected i;
  auto a = i.ask("GET", "/v1/");
  CHECK(has(a.head, "HTTP/1.1 200 OK\r\n"));
  CHECK(has(a.head, "\r\nContent-Type: application/json\r\n"));
  auto page = a.json();
  CHECK(page.at("api") == "v1");
  CHECK(page.at("version") == "1.2.3");
  CHECK(page.at("id") == "the id");
  CHECK(page.at("pid").as_int64() == ::getpid());
  CHECK(page.at("uptime_ns").as_int64() >= 0);
  CHECK(has(page.at("time").as_string(), "T"));
}

TEST_CASE("inspect service: its socket is for the daemon's user alone, and goes with it",
          "[actors][inspect]") {
  inspected i;
  struct stat info {};
  REQUIRE(::stat(i.path().c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
  CHECK(i.service->bound() == "unix://" + i.path());
  // While it is served nobody else gets the address.
  inspect::service second{i.sources()};
  auto refused = second.open(i.options());
  REQUIRE(refused.has_error());
  CHECK(refused.error().kind == errc::conflict);

  raw_client open{i.path()};
  i.service.reset();
  CHECK_FALSE(i.dir.has("i.sock"));
  CHECK(open.receive_all().empty());
}

TEST_CASE("inspect service: takes the place of one that was killed", "[actors][inspect]") {
  inspected i;
  i.service.reset();
  { auto left = bind_unix(i.path()); } // a file that nobody listens on
  CHECK(i.dir.has("i.sock"));
  i.service = std::make_unique<inspect::service>(i.sources());
  CHECK(i.service->open(i.options()).has_value());
  CHECK(i.ask("GET", "/v1/").status == 200);
}

TEST_CASE("inspect service: several requests on a connection, sent one by one or at once",
          "[actors][inspect]") {
  inspected i;
  raw_client c{i.path()};
  const std::string get = "GET /v1/threads HTTP/1.1\r\nHost: i\r\n\r\n";
  for (int n = 0; n < 3; ++n) {
    c.send(get);
    CHECK(has(c.receive("]}\n"), "200 OK"));
  }
  // Byte by byte.
  for (char each : get)
    c.send({&each, 1});
  CHECK(has(c.receive("]}\n"), "200 OK"));
  c.send(get + get + get + "GET /v1/ HTTP/1.1\r\nHost: i\r\nConnection: close\r\n\r\n");
  auto all = c.receive_all();
  CHECK(count(all, "HTTP/1.1 200 OK") == 4);
}

TEST_CASE("inspect service: HEAD has the head alone", "[actors][inspect]") {
  inspected i;
  for (const char* page : {"/v1/actors", "/v1/openapi.yaml", "/v1/events"}) {
    auto a = i.ask("HEAD", page);
    CHECK(a.status == 200);
    CHECK(a.body.empty());
  }
}

TEST_CASE("inspect service: HTTP/1.0 ends with its answer", "[actors][inspect]") {
  inspected i;
  raw_client c{i.path()};
  c.send("GET /v1/jobs HTTP/1.0\r\n\r\n");
  auto all = c.receive_all();
  CHECK(has(all, " 200 OK\r\n"));
  CHECK(has(all, "{\"jobs\":[]}\n"));
}

TEST_CASE("inspect service: what is not there, and what is wrong", "[actors][inspect]") {
  struct wrong {
    const char* method;
    const char* target;
    int status;
    const char* message;
  };
  const wrong all[] = {
      {"GET", "/page.js", 404, "no such page: /page.js"},
      {"POST", "/", 405, "method not allowed"},
      {"GET", "/v1", 404, "no such page: /v1"},
      {"GET", "/v1/nothing", 404, "no such page: /v1/nothing"},
      {"GET", "/v1/actors/0", 404, "no such actor: 0"},
      {"GET", "/v1/actors/12345678", 404, "no such actor: 12345678"},
      {"GET", "/v1/actors/x", 404, "no such actor: x"},
      {"GET", "/v1/actors?sort=size", 400, "sort"},
      {"GET", "/v1/actors?limit=-1", 400, "limit"},
      {"GET", "/v1/actors?colour=red", 400, "colour"},
      {"GET", "/v1/actors?kind=%zz", 400, "invalid URL escape"},
      {"GET", "/v1/kinds?limit=1", 400, "limit"},
      {"GET", "/v1/tree?limit=1", 400, "limit"},
      {"GET", "/v1/dump?x=1", 400, "x"},
      {"GET", "/v1/events?x=1", 400, "no parameters"},
      {"POST", "/v1/actors", 405, "method not allowed"},
      {"DELETE", "/v1/loglevel", 405, "method not allowed"},
  };
  inspected i;
  for (auto& each : all) {
    INFO(each.method << ' ' << each.target);
    auto a = i.ask(each.method, each.target);
    CHECK(a.status == each.status);
    CHECK(has(a.json().at("message").as_string(), each.message));
  }
  CHECK(has(i.ask("DELETE", "/v1/loglevel").head, "\r\nAllow: GET, HEAD, PUT"));
}

TEST_CASE("inspect service: requests that are none are refused and the connection ends",
          "[actors][inspect]") {
  struct broken {
    std::string bytes;
    const char* status;
  };
  const broken all[] = {
      {"GET /v1/ HTTP/1.1\r\n\r\n", " 400 "}, // no Host
      {"\x16\x03\x01\x02", " 400 "},          // TLS
      {"GET /v1/ HTTP/2.0\r\nHost: i\r\n\r\n", " 505 "},
      {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: i\r\n\r\n", " 414 "},
      {"GET / HTTP/1.1\r\nHost: i\r\nX: " + std::string(17000, 'a') + "\r\n\r\n", " 431 "},
      {"PUT /v1/loglevel HTTP/1.1\r\nHost: i\r\nContent-Length: 70000\r\n\r\n", " 413 "},
      {"PUT /v1/loglevel HTTP/1.1\r\nHost: i\r\nTransfer-Encoding: chunked\r\n\r\nx", " 400 "},
  };
  inspected i;
  for (auto& each : all) {
    raw_client c{i.path()};
    c.send(each.bytes);
    auto head = c.receive("\r\n");
    INFO(each.bytes.substr(0, 60) << " -> " << head);
    CHECK(has(head, each.status));
    c.receive_all(); // it ends
  }
  CHECK(i.ask("GET", "/v1/").status == 200);
}

TEST_CASE("inspect service: clients that do nothing cost others nothing", "[actors][inspect]") {
  inspected i;
  std::vector<std::unique_ptr<raw_client>> idle;
  for (std::size_t n = 0; n < limits::inspect_clients; ++n) {
    idle.push_back(std::make_unique<raw_client>(i.path()));
    if (n % 2 == 1)
      idle.back()->send("GET /v1/ac");
    // Met before the second one comes: it has rested longest then, for sure.
    if (n == 0)
      CHECK(i.ask("GET", "/v1/").status == 200);
  }
  // The one that has rested longest goes for each that comes.
  for (int n = 0; n < 3; ++n)
    CHECK(i.ask("GET", "/v1/").status == 200);
  CHECK(idle.front()->receive_all().empty());
  CHECK(i.ask("GET", "/v1/").status == 200);
}

TEST_CASE("inspect service: a client that does not read costs others nothing",
          "[actors][inspect]") {
  inspected i;
  raw_client deaf{i.path()};
  // More pages than the kernel takes for it.
  std::string many;
  for (int n = 0; n < 200; ++n)
    many += "GET /v1/openapi.yaml HTTP/1.1\r\nHost: i\r\n\r\n";
  deaf.send(many);
  for (int n = 0; n < 20; ++n)
    CHECK(i.ask("GET", "/v1/").status == 200);
  deaf.send("GET /v1/ HTTP/1.1\r\nHost: i\r\nConnection: close\r\n\r\n");
  CHECK(count(deaf.receive_all(), "HTTP/1.1 200 OK") == 201);
}

TEST_CASE("inspect service: sleeps while nobody asks", "[actors][inspect]") {
  inspected i;
  CHECK(i.ask("GET", "/v1/").status == 200);
  // Of the process: its other threads have nothing to do either.
  auto cpu = [] {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
  };
  // Time itself is under test here. A sanitizer has work of its own now and then, so one quiet time
  // will do.
  auto used = std::chrono::nanoseconds::max();
  for (int n = 0; n < 10 && used >= std::chrono::milliseconds{5}; ++n) {
    auto before = cpu();
    ::poll(nullptr, 0, 300);
    used = cpu() - before;
  }
  CHECK(used < std::chrono::milliseconds{5});
}
