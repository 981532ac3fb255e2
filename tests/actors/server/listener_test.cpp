#include "tests/actors/server/server_fixture.hpp"

#include "actors/runtime/log.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

using namespace gantry;
using namespace gantry::test;

namespace {

/// What accept(2) says instead of doing its work, and how often.
std::atomic<int> failure{0};
std::atomic<int> failures_left{0};

std::atomic<int> shortages{0};

void count_shortages(const log::record& line) noexcept {
  if (line.text.starts_with("cannot accept clients"))
    ++shortages;
}

} // namespace

/// Takes the place of the C library's in this program. Descriptors that are really used up would
/// take away those that UBSan needs for its own work.
extern "C" int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  if (failures_left.load() > 0) {
    --failures_left;
    errno = failure;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_accept4, fd, address, size, flags));
}

TEST_CASE("listener: thousands of clients leave nothing behind", "[actors][server]") {
  server_fixture server;
  temp_dir dir;
  auto job = server.serve({"unix://" + dir.file("a.sock")});
  auto bound = job->addresses();
  REQUIRE(bound.size() == 1);
  {
    auto first = caller::to(bound[0]);
    CHECK(first.ping());
    CHECK(first.pinged());
  }
  REQUIRE(eventually([&] { return server.actors("connection") == 0; }));
  auto descriptors = open_descriptors();
  auto actors = server.actors();
  for (int round = 0; round < 50; ++round) {
    std::vector<caller> clients;
    for (int i = 0; i < 100; ++i) {
      clients.push_back(caller::to(bound[0]));
      REQUIRE(clients.back());
      if (i % 4 == 0)
        clients.back().ping();
      if (i % 4 == 1)
        clients.back().send("GET /_pi");
      if (i % 4 == 2)
        clients.back().send("GET /_ping HTTP/1.0\r\n\r\n");
    }
    CHECK(clients[0].pinged());
  }
  CHECK(eventually([&] { return server.actors() == actors; }));
  CHECK(eventually([&] { return open_descriptors() == descriptors; }));
}

TEST_CASE("listener: clients that vanish end their jobs", "[actors][server]") {
  server_fixture server;
  temp_dir dir;
  auto job = server.serve({"unix://" + dir.file("a.sock")});
  auto bound = job->addresses();
  REQUIRE(bound.size() == 1);
  {
    std::vector<caller> clients;
    for (int i = 0; i < 50; ++i) {
      clients.push_back(caller::to(bound[0]));
      CHECK(clients.back().send("GET /info HTTP/1.1\r\nHost: d\r\n\r\n"));
    }
    REQUIRE(eventually([&] { return server.slow->started == 50; }));
  }
  CHECK(eventually([&] { return server.slow->cancelled == 50; }));
  std::lock_guard guard{server.slow->mutex};
  server.slow->waiting.clear();
}

TEST_CASE("listener: more clients than allowed wait until some leave", "[actors][server]") {
  server_fixture server;
  temp_dir dir;
  auto job = server.serve({"unix://" + dir.file("a.sock")}, {{"MaxConnections", "2"}});
  auto bound = job->addresses();
  REQUIRE(bound.size() == 1);
  std::vector<caller> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(caller::to(bound[0]));
    CHECK(clients.back().ping());
  }
  CHECK(clients[0].pinged());
  CHECK(clients[1].pinged());
  for (std::size_t i = 2; i < clients.size(); ++i) {
    CHECK(server.actors("connection") == 2);
    CHECK_FALSE(clients[i].has_news());
    clients[i - 2].close();
    CHECK(clients[i].pinged());
  }
}

TEST_CASE("listener: goes on after it was short of descriptors", "[actors][server]") {
  server_fixture server;
  temp_dir dir;
  auto job = server.serve({"unix://" + dir.file("a.sock")});
  auto bound = job->addresses();
  REQUIRE(bound.size() == 1);
  auto former = log::set_sink(count_shortages);
  for (int reason : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
    shortages = 0;
    failure = reason;
    failures_left = 2;
    auto client = caller::to(bound[0]);
    CHECK(client.ping());
    CHECK(client.pinged());
    CHECK(failures_left == 0);
    CHECK(shortages == 1); // said once, not at every try
  }
  log::set_sink(former);
}

TEST_CASE("listener: a client that is lost while it is accepted costs nobody else",
          "[actors][server]") {
  server_fixture server;
  temp_dir dir;
  auto job = server.serve({"unix://" + dir.file("a.sock")});
  auto bound = job->addresses();
  REQUIRE(bound.size() == 1);
  for (int reason : {ECONNABORTED, EINTR, EPROTO, EPERM, ENETDOWN, EHOSTUNREACH, EOPNOTSUPP}) {
    failure = reason;
    failures_left = 100; // more than in one go
    auto client = caller::to(bound[0]);
    CHECK(client.ping());
    CHECK(client.pinged());
    CHECK(failures_left == 0);
  }
  CHECK_FALSE(job->ended());
}
