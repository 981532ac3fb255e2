#include "protocol/inspect/answers.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <string>

namespace {

using namespace gantry::inspect;
using gantry::errc;

system_view small_system() {
  system_view s;
  s.time = "2026-11-22T01:47:25.261992917Z";
  s.version = "0.1.0";
  s.id = "6a67fe58";
  s.pid = 4242;
  s.uptime = std::chrono::seconds{5};
  s.actors.resize(3);
  for (std::size_t i = 0; i < 3; ++i) {
    s.actors[i].id = i + 1;
    s.actors[i].parent = i == 0 ? 0 : 1;
    s.actors[i].kind = s.actors[i].name = i == 0 ? "engine" : "job";
  }
  s.jobs = {{77, "ping()", 3, "unix", std::chrono::milliseconds{5}}};
  s.dead_letters = {{"2026-11-22T01:00:00Z", "stray", 2, "job"}};
  return s;
}

gantry::result<boost::json::object> ask(std::string_view path, std::string_view query = {}) {
  return answer_from(small_system(), path, gantry::http::parse_query(query).value());
}

std::string text_of(std::string_view path, std::string_view query = {}) {
  return boost::json::serialize(ask(path, query).value());
}

} // namespace

TEST_CASE("answers: the first page says who answers", "[protocol][inspect]") {
  CHECK(text_of("/v1/") == R"({"version":"0.1.0","api":"v1","id":"6a67fe58","pid":4242,)"
                           R"("time":"2026-11-22T01:47:25.261992917Z","uptime_ns":5000000000})");
}

TEST_CASE("answers: lists stand under their name, with an underscore for a dash",
          "[protocol][inspect]") {
  CHECK(
      text_of("/v1/jobs") ==
      R"j({"jobs":[{"request":77,"call":"ping()","actor":3,"client":"unix","age_ns":5000000}]})j");
  CHECK(text_of("/v1/dead-letters") == R"({"dead_letters":[{"time":"2026-11-22T01:00:00Z",)"
                                       R"("type":"stray","actor":2,"kind":"job"}]})");
  CHECK(text_of("/v1/pool") == R"({"pool":{"threads":0,"capacity":0,"tasks":[]}})");
  for (auto page : {"kinds", "threads", "connections", "deaths", "stalls"})
    CHECK(text_of("/v1/" + std::string{page}) == "{\"" + std::string{page} + "\":[]}");
}

TEST_CASE("answers: actors are chosen by the query", "[protocol][inspect]") {
  const auto answer = ask("/v1/actors", "kind=job&sort=id&limit=1").value();
  CHECK(answer.at("time") == "2026-11-22T01:47:25.261992917Z");
  CHECK(answer.at("total") == 2);
  REQUIRE(answer.at("actors").as_array().size() == 1);
  CHECK(answer.at("actors").at(0).at("id") == 3);
  CHECK(ask("/v1/actors", "colour=red").error().kind == errc::invalid_parameter);
  CHECK(ask("/v1/jobs", "colour=red").error().message == "unknown parameter \"colour\"");
}

TEST_CASE("answers: one actor with its children", "[protocol][inspect]") {
  const auto answer = ask("/v1/actors/1").value();
  CHECK(answer.at("actor").at("kind") == "engine");
  CHECK(boost::json::serialize(answer.at("children")) == "[2,3]");
  CHECK(answer.at("facts_missing") == "a dump does not hold them");
}

TEST_CASE("answers: what is not there is told", "[protocol][inspect]") {
  for (auto id : {"12", "x", "", "99999999999999999999"}) {
    const auto answer = ask("/v1/actors/" + std::string{id});
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().kind == errc::not_found);
    CHECK(answer.error().message == "no such actor: " + std::string{id});
  }
  CHECK(ask("/v1/nothing").error().message == "no such page: /v1/nothing");
}

TEST_CASE("answers: tree and dump", "[protocol][inspect]") {
  const auto tree = ask("/v1/tree").value();
  REQUIRE(tree.at("roots").as_array().size() == 1);
  CHECK(tree.at("roots").at(0).at("children").as_array().size() == 2);
  CHECK(ask("/v1/dump").value().at("actors").as_array().size() == 3);
}
