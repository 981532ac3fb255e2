#include "protocol/inspect/actor_query.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace {

using namespace gantry::inspect;
using namespace std::chrono_literals;

std::string query_error(std::string_view raw) {
  auto query = parse_actor_query(gantry::http::parse_query(raw).value());
  return query ? "" : query.error().message;
}

actor_query query_of(std::string_view raw) {
  return parse_actor_query(gantry::http::parse_query(raw).value()).value();
}

std::vector<actor_view> five() {
  std::vector<actor_view> actors(5);
  const char* kinds[] = {"engine", "router", "connection", "connection", "job"};
  for (std::size_t i = 0; i < actors.size(); ++i) {
    actors[i].id = i + 1;
    actors[i].parent = i < 2 ? 0 : 2;
    actors[i].kind = actors[i].name = kinds[i];
    actors[i].state = i == 4 ? "running" : "idle";
    actors[i].mailbox = i % 3;
    actors[i].waiting.p99 = std::chrono::microseconds{100 - i};
  }
  actors[2].name = "connection tcp://10.0.0.1:4711";
  actors[3].request = 77;
  return actors;
}

std::string ids(std::string_view raw) {
  auto chosen = select(five(), query_of(raw));
  std::string out = std::to_string(chosen.total) + ":";
  for (const auto& a : chosen.actors)
    out += ' ' + std::to_string(a.id);
  return out;
}

} // namespace

TEST_CASE("actor query: without parameters all by id", "[protocol][inspect]") {
  CHECK(query_of("") == actor_query{});
  CHECK(ids("") == "5: 1 2 3 4 5");
}

TEST_CASE("actor query: every parameter is read", "[protocol][inspect]") {
  auto q =
      query_of("kind=router&state=idle&parent=3&request=77&name=a%20b&sort=-message_age&limit=7");
  CHECK(q.kind == "router");
  CHECK(q.state == "idle");
  CHECK(q.parent == 3U);
  CHECK(q.request == 77U);
  CHECK(q.name == "a b");
  CHECK(q.order == actor_order::message_age);
  CHECK(q.ascending);
  CHECK(q.limit == 7);
  CHECK(query_of(to_query(q)) == q);
}

TEST_CASE("actor query: what cannot be read is named", "[protocol][inspect]") {
  CHECK(query_error("colour=red") ==
        "unknown parameter \"colour\": there are kind, state, parent, request, name, sort, limit");
  CHECK(query_error("state=dead") == "invalid state \"dead\": one of running, ready, idle, paused");
  CHECK(query_error("sort=size") ==
        "invalid sort \"size\": one of id, age, mailbox, oldest, message_age, busy, messages, "
        "waiting, handling, or one with a - before it");
  CHECK(query_error("limit=ten") == "invalid limit \"ten\": invalid syntax");
  CHECK(query_error("limit=-1") == "invalid limit \"-1\": value out of range");
  CHECK(query_error("parent=99999999999999999999") ==
        "invalid parent \"99999999999999999999\": value out of range");
  CHECK(query_error("kind=a&kind=b") == "parameter \"kind\" is given twice");
}

TEST_CASE("actor query: an empty value is as none", "[protocol][inspect]") {
  CHECK(query_of("kind=&state=&parent=&name=&sort=&limit=") == actor_query{});
}

TEST_CASE("actor query: filters", "[protocol][inspect]") {
  CHECK(ids("kind=connection") == "2: 3 4");
  CHECK(ids("kind=conn") == "0:");
  CHECK(ids("state=running") == "1: 5");
  CHECK(ids("parent=2") == "3: 3 4 5");
  CHECK(ids("parent=0") == "2: 1 2");
  CHECK(ids("request=77") == "1: 4");
  CHECK(ids("request=0") == "4: 1 2 3 5");
  CHECK(ids("name=10.0.0") == "1: 3");
  CHECK(ids("name=ROUT") == "1: 2");
  CHECK(ids("kind=connection&name=4711") == "1: 3");
}

TEST_CASE("actor query: sorts the greatest first, with a dash the least", "[protocol][inspect]") {
  CHECK(ids("sort=id") == "5: 5 4 3 2 1");
  CHECK(ids("sort=-id") == "5: 1 2 3 4 5");
  CHECK(ids("sort=mailbox") == "5: 3 2 5 1 4");
  CHECK(ids("sort=-mailbox") == "5: 1 4 2 5 3");
  CHECK(ids("sort=waiting") == "5: 1 2 3 4 5");
}

TEST_CASE("actor query: a limit leaves the total alone", "[protocol][inspect]") {
  CHECK(ids("sort=mailbox&limit=2") == "5: 3 2");
  CHECK(ids("limit=0") == "5: 1 2 3 4 5");
  CHECK(ids("limit=50") == "5: 1 2 3 4 5");
}
