#include "protocol/inspect/json.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <string>

namespace {

using namespace gantry::inspect;
using namespace std::chrono_literals;

actor_view router() {
  actor_view a;
  a.id = 12;
  a.parent = 3;
  a.kind = "router";
  a.name = "router tcp://127.0.0.1:4711";
  a.state = "running";
  a.age = 3min;
  a.mailbox = 2;
  a.oldest = 15ms;
  a.message = "run_job";
  a.message_age = 1200us;
  a.request = 77;
  a.messages = 4000;
  a.busy = 2s;
  a.waiting = {3, 10ns, 8ns, 16ns, 16ns, {{8ns, 2}, {16ns, 1}}};
  return a;
}

constexpr std::string_view router_json =
    R"({"id":12,"parent":3,"kind":"router","name":"router tcp://127.0.0.1:4711",)"
    R"("state":"running","age_ns":180000000000,"mailbox":2,"oldest_ns":15000000,)"
    R"("message":"run_job","message_age_ns":1200000,"request":77,"messages":4000,)"
    R"("busy_ns":2000000000,"waiting":{"count":3,"mean_ns":10,"p50_ns":8,"p99_ns":16,)"
    R"("max_ns":16,"buckets":[[8,2],[16,1]]},"handling":{"count":0,"mean_ns":0,"p50_ns":0,)"
    R"("p99_ns":0,"max_ns":0,"buckets":[]}})";

system_view everything() {
  system_view s;
  s.time = "2026-11-22T01:47:25.261992917Z";
  s.version = "0.1.0";
  s.id = "6a67fe58";
  s.pid = 4242;
  s.uptime = 3h;
  s.actors = {router()};
  s.kinds = {{"router", 1, 5, 9000, 3s, {}, {}}};
  s.threads = {{"io 0", 4243, 2, 12, "router", "run_job", 7us, "futex_wait"}};
  s.pool = {4, 64, {{"unpack sha256:aa", "running", 4s, 4300, "io_schedule"}}};
  s.jobs = {{77, "containers_json(all=1)", 90, "unix", 5ms}};
  s.connections = {
      {9, "unix:///var/run/docker.sock", "unix", 0, 4711, "", 1min, 12, 77, "GET /x"},
      {10, "tcp://0.0.0.0:2376", "tcp://10.0.0.1:1234", {}, {}, "CN=me", 2min, 1, 0, ""}};
  s.dead_letters = {{"2026-11-22T01:00:00Z", "stray", 12, "router"}};
  s.deaths = {{"2026-11-22T01:00:01Z", 8, "job", "runtime_error: no"}};
  s.stalls = {
      {"2026-11-22T01:00:02Z", "handler", 12, 77, "router", "run_job", "do_wait", 6s, false}};
  s.missing = {"jobs: no answer within 200ms"};
  return s;
}

std::string read_error(std::string_view text) {
  auto view = read_dump(text);
  return view ? "" : view.error().message;
}

} // namespace

TEST_CASE("inspect json: an actor has the names of its members and nanoseconds",
          "[protocol][inspect]") {
  CHECK(boost::json::serialize(to_json(router())) == router_json);
}

TEST_CASE("inspect json: what is written reads back as it was", "[protocol][inspect]") {
  boost::json::monotonic_resource memory;
  const auto text = boost::json::serialize(to_json(everything(), &memory));
  auto back = read_dump(text);
  REQUIRE(back.has_value());
  CHECK(*back == everything());
}

TEST_CASE("inspect json: an actor's details read back, facts in their order",
          "[protocol][inspect]") {
  actor_detail d;
  d.actor = router();
  d.facts = {{"zeta", "1"}, {"alpha", "two \"2\""}};
  d.facts_missing = "no answer within 200ms";
  d.children = {13, 14};
  d.traced = true;
  d.last = {{"2026-11-22T01:00:00Z", "run_job", 9, 77, 1us, 2us}};
  const auto json = to_json(d);
  CHECK(boost::json::serialize(json.at("facts")) == R"({"zeta":"1","alpha":"two \"2\""})");
  auto back = from_json<actor_detail>(json);
  REQUIRE(back.has_value());
  CHECK(*back == d);
}

TEST_CASE("inspect json: of facts with the same name the first counts", "[protocol][inspect]") {
  actor_detail d;
  d.facts = {{"a", "1"}, {"a", "2"}};
  CHECK(boost::json::serialize(to_json(d).at("facts")) == R"({"a":"1"})");
}

TEST_CASE("inspect json: what is not known is left out", "[protocol][inspect]") {
  const auto all = to_json(everything().connections);
  CHECK(all[0].as_object().at("uid") == 0);
  CHECK(all[0].as_object().at("pid") == 4711);
  CHECK_FALSE(all[1].as_object().contains("uid"));
  CHECK_FALSE(all[1].as_object().contains("pid"));
}

TEST_CASE("inspect json: the largest numbers survive", "[protocol][inspect]") {
  actor_view a = router();
  a.id = std::numeric_limits<std::uint64_t>::max();
  a.age = std::chrono::nanoseconds::max();
  auto text = boost::json::serialize(to_json(a));
  CHECK(text.find("\"id\":18446744073709551615,") != text.npos);
  auto value = parse_json(text);
  REQUIRE(value.has_value());
  CHECK(from_json<actor_view>(*value).value() == a);
}

TEST_CASE("inspect json: unknown members are passed over, most may be missing",
          "[protocol][inspect]") {
  auto view =
      read_dump(R"({"time":"t","actors":[{"id":1,"kind":"engine","colour":"red"}],"new":[]})");
  REQUIRE(view.has_value());
  REQUIRE(view->actors.size() == 1);
  CHECK(view->actors[0].kind == "engine");
  CHECK(view->actors[0].name.empty());
}

TEST_CASE("inspect json: a mistake is told with the member it is in", "[protocol][inspect]") {
  CHECK(read_error("") == "not a dump: not JSON: incomplete JSON at byte 0");
  CHECK(read_error("[]") == "not a dump: not an object");
  CHECK(read_error("{}") == "not a dump: \"time\" is missing");
  CHECK(read_error(R"({"time":"t"})") == "not a dump: \"actors\" is missing");
  CHECK(read_error(R"({"time":7,"actors":[]})") == "not a dump: time: not a text");
  CHECK(read_error(R"({"time":"t","actors":{}})") == "not a dump: actors: not a list");
  CHECK(read_error(R"({"time":"t","actors":[{"id":1,"kind":"a"},{"kind":"b"}]})") ==
        "not a dump: actors[1]: \"id\" is missing");
  CHECK(read_error(R"({"time":"t","actors":[{"id":-1,"kind":"a"}]})") ==
        "not a dump: actors[0].id: out of range");
  CHECK(read_error(R"({"time":"t","actors":[{"id":1.5,"kind":"a"}]})") ==
        "not a dump: actors[0].id: not a whole number");
  CHECK(read_error(R"({"time":"t","actors":[{"id":1,"kind":"a","age_ns":-3}]})") ==
        "not a dump: actors[0].age_ns: not a number of nanoseconds");
  CHECK(read_error(
            R"({"time":"t","actors":[{"id":1,"kind":"a","waiting":{"buckets":[[1,2],[3]]}}]})") ==
        "not a dump: actors[0].waiting.buckets[1]: not a bound and a count");
  CHECK(read_error(R"({"time":"t","actors":[],"connections":[{"actor":1,"uid":4294967296}]})") ==
        "not a dump: connections[0].uid: out of range");
  CHECK(read_error(R"({"time":"t","actors":[],"stalls":[{"over":1}]})") ==
        "not a dump: stalls[0].over: neither true nor false");
  CHECK(from_json<actor_detail>(
            parse_json(R"({"actor":{"id":1,"kind":"a"},"facts":{"x":1}})").value())
            .error()
            .message == "facts.x: not a text");
}

TEST_CASE("inspect json: lists are read and told with their place", "[protocol][inspect]") {
  auto jobs = list_from_json<job_view>(parse_json(R"j([{"request":1,"call":"ping()"}])j").value());
  REQUIRE(jobs.has_value());
  CHECK(jobs->at(0).call == "ping()");
  CHECK(list_from_json<job_view>(parse_json(R"([{},{"call":1}])").value()).error().message ==
        "[1].call: not a text");
}

TEST_CASE("inspect json: depth has a bound", "[protocol][inspect]") {
  CHECK_FALSE(parse_json(std::string(100000, '[')).has_value());
  CHECK(parse_json(std::string(150, '[') + std::string(150, ']')).has_value());
}
