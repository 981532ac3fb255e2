#include "actors/core/request_log.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace gantry;
using namespace gantry::core;

namespace {

std::shared_ptr<const client_info> someone(std::string address) {
  client_info who;
  who.address = std::move(address);
  return std::make_shared<const client_info>(std::move(who));
}

std::vector<request_id> ids(const request_log& log) {
  std::vector<request_id> all;
  for (const auto& r : log.all())
    all.push_back(r.id);
  return all;
}

} // namespace

TEST_CASE("request log: tells what a request was", "[actors][core]") {
  request_log log;
  CHECK(log.all().empty());
  auto who = someone("unix");
  auto begun = runtime::now_ticks() - 1000;
  log.add({7, "POST", "/v1.50/containers/create?name=x", who, 12, begun, 201});
  auto all = log.all();
  REQUIRE(all.size() == 1);
  CHECK(all[0].id == 7);
  CHECK(all[0].call == "POST /v1.50/containers/create?name=x");
  CHECK(all[0].client == who);
  CHECK(all[0].connection == 12);
  CHECK(all[0].begun == begun);
  CHECK(all[0].took >= 1000);
  CHECK(all[0].status == 201);
}

TEST_CASE("request log: monitors do not crowd out what was changed", "[actors][core]") {
  request_log log;
  auto who = someone("unix");
  log.add({1, "POST", "/containers/create", who, 12, 0, 201});
  log.add({2, "GET", "/v1.44/info", who, 12, 0, 200});
  for (request_id id = 3; id < 5000; ++id)
    log.add({id, id % 2 ? "GET" : "HEAD", id % 3 ? "/_ping" : "/v1.44/_ping?x=1", who, 12, 0, 200});
  auto kept = ids(log);
  REQUIRE(kept.size() == 2 + request_log::most_pings);
  CHECK(kept[0] == 1);
  CHECK(kept[1] == 2);
  CHECK(kept[2] == 5000 - request_log::most_pings);
  for (request_id id = 5000; id < 9000; ++id)
    log.add({id, "GET", "/containers/json", who, 12, 0, 200});
  kept = ids(log);
  CHECK(kept.size() == 1 + request_log::most_pings + request_log::most_reads);
  CHECK(kept.front() == 1);
  CHECK(kept.back() == 8999);
  for (request_id id = 9000; id < 9000 + request_log::most_changes; ++id)
    log.add({id, "DELETE", "/containers/x", who, 12, 0, 404});
  kept = ids(log);
  CHECK(kept.size() ==
        request_log::most_changes + request_log::most_pings + request_log::most_reads);
  CHECK(kept.front() != 1);
}

TEST_CASE("request log: of a long call the front is kept, and of a client that has gone its name",
          "[actors][core]") {
  request_log log;
  auto who = someone("tcp://10.0.0.1:1234");
  std::weak_ptr<const client_info> seen = who;
  log.add({1, "GET", std::string(100'000, 'x'), who, 12, 0, 200});
  who.reset();
  REQUIRE(log.all().size() == 1);
  CHECK(log.all()[0].call.size() == 4 + request_log::most_call);
  CHECK(log.all()[0].client->address == "tcp://10.0.0.1:1234");
  auto other = someone("unix");
  for (request_id id = 2; id < 2 + request_log::most_reads; ++id)
    log.add({id, "GET", "/info", other, 12, 0, 200});
  CHECK(seen.expired());
}

TEST_CASE("request log: many threads write and read", "[actors][core]") {
  request_log log;
  std::vector<std::thread> writers;
  for (request_id t = 0; t < 3; ++t)
    writers.emplace_back([&log, t] {
      auto who = someone("unix " + std::to_string(t));
      for (request_id i = 1; i <= 2000; ++i)
        log.add({t * 10'000 + i, "POST", "/" + std::to_string(i), who, t, 0, 200});
    });
  bool whole = true;
  for (int i = 0; i < 200; ++i)
    for (const auto& r : log.all())
      whole = whole && r.call == "POST /" + std::to_string(r.id % 10'000) &&
              r.client->address == "unix " + std::to_string(r.connection);
  for (auto& w : writers)
    w.join();
  CHECK(whole);
  CHECK(log.all().size() == request_log::most_changes);
}
