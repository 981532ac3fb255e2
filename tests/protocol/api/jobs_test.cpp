#include "protocol/api/service.hpp"

#include "tests/protocol/api/operation_fixture.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace gantry;
using namespace gantry::api;
using test::json_type;
using test::text_of;

namespace {

config debugging() {
  config cfg;
  cfg.engine_version = "28.2.2";
  cfg.debug = true;
  return cfg;
}

const timestamp now = from_unix_time(1'700'000'000);

result<job::request> make(std::string_view method, std::string_view target,
                          std::string_view lines = {}, std::string_view body = {}) {
  static const service api{debugging()};
  auto request = test::head(method, target, lines);
  auto found = api.resolve(*request);
  INFO(method << " " << target);
  REQUIRE(std::holds_alternative<match>(found));
  return api.make_job(std::get<match>(found), body, now);
}

constexpr std::string_view no_manager =
    "unavailable: This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm "
    "join\" to connect this node to swarm and try again.";

} // namespace

TEST_CASE("jobs: requests of today's era", "[api][jobs]") {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"/_ping", "ping()"},
      {"/_ping?%zz", "ping()"},
      {"/version?a=x", "version()"},
      {"/info", "info()"},
      {"/events", "events() shape=today"},
      {"/events?since=10&until=1m&filters=",
       "events() since=10.000000000 until=1699999940.000000000 shape=today"},
      {"/events?filters=%7B%22type%22%3A%7B%22container%22%3Atrue%7D%7D",
       R"(events() filters={"type":["container"]} shape=today)"},
      {"/events?since=10&until=5",
       "invalid_parameter: `since` time (10) cannot be after `until` time (5)"},
      {"/events?since=abc", "invalid_parameter: strconv.ParseInt: parsing \"abc\": invalid syntax"},
      {"/events?filters=x", "invalid_parameter: invalid filter"},
      {"/events?since=%zz", "invalid_parameter: invalid URL escape \"%zz\""},
      {"/containers/json", "containers() all=0 size=0 version=1.50"},
      {"/v1.41/containers/json?all=1&limit=5&size=true&since=a&before=b",
       "containers() limit=5 all=1 size=1 version=1.41"},
      {"/containers/json?all=off&size=none", "containers() all=1 size=0 version=1.50"},
      {"/containers/json?limit=-1", "containers() limit=-1 all=0 size=0 version=1.50"},
      {"/containers/json?limit=x",
       "invalid_parameter: strconv.Atoi: parsing \"x\": invalid syntax"},
      {"/containers/json?filters=%7B%22bad%22%3A%5B%22x%22%5D%7D",
       "invalid_parameter: invalid filter 'bad'"},
      {"/containers/ps", "containers() all=0 size=0 version=1.50"},
      {"/containers/web/json", "container_inspect(web) size=0 version=1.50"},
      {"/containers/a%2Fb/json?size=1", "container_inspect(a/b) size=1 version=1.50"},
      {"/networks", "networks()"},
      {"/networks?filters=%7B%22type%22%3A%5B%22zz%22%5D%7D",
       "invalid_parameter: invalid filter: 'type'='zz'"},
      {"/networks/lan", "network_inspect(lan)"},
      {"/networks/lan?verbose=true&scope=local", "network_inspect(lan) verbose=1 scope=local"},
      {"/networks/lan?verbose=x",
       "invalid_parameter: invalid value for verbose: x: strconv.ParseBool: parsing \"x\": invalid "
       "syntax"},
      {"/volumes", "volumes()"},
      {"/volumes?filters=%7B%22driver%22%3A%5B%22local%22%5D%7D",
       R"(volumes() filters={"driver":["local"]})"},
      {"/volumes/data", "volume_inspect(data)"},
      {"/system/df", R"(disk_usage() types=["container","image","volume","build-cache"])"},
      {"/system/df?type=image&type=volume", R"(disk_usage() types=["image","volume"])"},
      {"/system/df?type=x", "invalid_parameter: unknown object type: x"},
      {"/v1.41/system/df?type=x",
       R"(disk_usage() types=["container","image","volume","build-cache"])"},
  };
  for (auto [target, expected] : rows) {
    INFO(target);
    CHECK(text_of(make("GET", target)) == expected);
  }
}

TEST_CASE("jobs: requests of the 1.2.0 era", "[api][jobs]") {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"/v1.14/_ping", "ping()"},
      {"/v1.14/version?a=x&b=z&a=y", "version(x, y)"},
      {"/v1.14/info", "info()"},
      {"/v1.14/events?since=10&until=garbage&filters=x", "events() since=10.000000000 shape=1.2"},
      {"/v1.14/events?since=10&until=5", "events() since=10.000000000 until=5.000000000 shape=1.2"},
      {"/v1.14/containers/ps?all=1&limit=x&since=a&before=b",
       "containers() limit=0 all=1 size=0 since=a before=b version=1.14"},
      {"/v1.14/containers/json?filters=%7B%22exited%22%3A%5B%220%22%5D%2C%22zz%22%3A%5B%5D%7D",
       R"(containers() all=0 size=0 filters={"exited":["0"],"zz":[]} version=1.14)"},
      {"/v1.14/containers/json?filters=x", "invalid_parameter: invalid filter"},
      {"/v1.14/containers/web/json", "container_inspect(web) version=1.14"},
      {"/v1.11/containers/web/json", "container_inspect(web) version=1.11"},
  };
  for (auto [target, expected] : rows) {
    INFO(target);
    CHECK(text_of(make("GET", target)) == expected);
  }
}

TEST_CASE("jobs: volumes, and what else is pruned", "[api][jobs]") {
  struct row {
    std::string_view method;
    std::string_view target;
    std::string_view body;
    std::string_view expected;
  };
  const row rows[] = {
      {"POST", "/volumes/create", "", "volume_create() body="},
      {"POST", "/volumes/create", R"({"Name":"v1"})", R"(volume_create() body={"Name":"v1"})"},
      {"POST", "/volumes/create", R"({"ClusterVolumeSpec":{}})", no_manager},
      {"POST", "/v1.41/volumes/create", R"({"ClusterVolumeSpec":{}})",
       R"(volume_create() body={"ClusterVolumeSpec":{}})"},
      {"DELETE", "/volumes/v1", "", "volume_remove(v1) force=0"},
      {"DELETE", "/volumes/v1?force=1", "", "volume_remove(v1) force=1"},
      {"DELETE", "/volumes/", "", "volume_remove() force=0"},
      {"POST", "/v1.41/volumes/prune", "", "volume_prune() version=1.41"},
      {"POST", "/volumes/prune?filters=%7B%22all%22%3A%5B%221%22%5D%7D", "",
       R"(volume_prune() filters={"all":["1"]} version=1.50)"},
      {"POST", "/volumes/prune?filters=x", "", "invalid_parameter: invalid filter"},
      {"POST", "/networks/prune", "", "network_prune()"},
      {"POST", "/build/prune?filters=%7B%22until%22%3A%5B%221h%22%5D%7D", "",
       R"(build_prune() filters={"until":["1h"]})"},
  };
  for (const auto& r : rows) {
    INFO(r.method << " " << r.target);
    CHECK(text_of(make(r.method, r.target, r.body.empty() ? "" : json_type, r.body)) == r.expected);
  }
}

TEST_CASE("jobs: without a swarm parameters are checked first", "[api][jobs]") {
  struct row {
    std::string_view method;
    std::string_view target;
    std::string_view body;
    std::string_view expected;
  };
  constexpr std::string_view bad_streams =
      "system: Bad parameters: you must choose at least one stream";
  const row rows[] = {
      {"GET", "/swarm", "", no_manager},
      {"GET", "/v1.24/services", "", no_manager},
      {"GET", "/services?status=true", "", no_manager},
      {"GET", "/services?filters=xx", "", "invalid_parameter: invalid filter"},
      {"GET", "/nodes", "", no_manager},
      {"GET", "/tasks/x", "", no_manager},
      {"DELETE", "/secrets/x", "", no_manager},
      {"GET", "/swarm/unlockkey", "", no_manager},
      {"POST", "/swarm/unlock", "{}", no_manager},
      {"POST", "/swarm/leave", "", "unavailable: This node is not part of a swarm"},
      {"POST", "/swarm/update?version=3", "{}", no_manager},
      {"POST", "/swarm/update?version=x", "{}",
       "invalid_parameter: invalid swarm version 'x': strconv.ParseUint: parsing \"x\": invalid "
       "syntax"},
      {"POST", "/swarm/update", "{}",
       "invalid_parameter: invalid swarm version '': strconv.ParseUint: parsing \"\": invalid "
       "syntax"},
      {"POST", "/swarm/update?version=x", "",
       "invalid_parameter: invalid JSON: got EOF while reading request body"},
      {"POST", "/services/x/update?version=x", "{}",
       "invalid_parameter: invalid service version 'x': strconv.ParseUint: parsing \"x\": invalid "
       "syntax"},
      {"POST", "/nodes/x/update?version=x", "{}",
       "invalid_parameter: invalid node version 'x': strconv.ParseUint: parsing \"x\": invalid "
       "syntax"},
      {"POST", "/secrets/x/update?version=x", "{}", "invalid_parameter: invalid secret version"},
      {"POST", "/configs/x/update", "{}", "invalid_parameter: invalid config version"},
      {"POST", "/configs/x/update?version=1", "{}", no_manager},
      {"GET", "/services/x/logs", "", bad_streams},
      {"GET", "/tasks/x/logs?stdout=0", "", bad_streams},
      {"GET", "/tasks/x/logs?stderr=1", "", no_manager},
      {"PUT", "/volumes/x", "",
       "unavailable: volume update only valid for cluster volumes, but swarm is unavailable"},
  };
  for (const auto& r : rows) {
    INFO(r.method << " " << r.target);
    auto lines = r.body.empty() ? std::string{} : std::string{json_type} + "Content-Length: 2\r\n";
    CHECK(text_of(make(r.method, r.target, lines, r.body)) == r.expected);
  }
}

TEST_CASE("jobs: JSON bodies are checked", "[api][jobs]") {
  struct row {
    std::string_view type; // header lines
    std::string_view body;
    std::string_view expected;
  };
  const row rows[] = {
      {json_type, "{}", no_manager},
      {json_type, " {\"Name\":\"x\",\"zz\":1} \n", no_manager},
      {json_type, "null", no_manager},
      {"Content-Type: Application/JSON; charset=utf-8\r\n", "{}", no_manager},
      {json_type, "", "invalid_parameter: invalid JSON: got EOF while reading request body"},
      {"", "", "invalid_parameter: invalid JSON: got EOF while reading request body"},
      {json_type, "{", "invalid_parameter: invalid JSON: unexpected EOF"},
      {json_type, "x",
       "invalid_parameter: invalid JSON: invalid character 'x' looking for beginning of value"},
      {json_type, "{} {}", "invalid_parameter: unexpected content after JSON"},
      {json_type, "[]", no_manager}, // what is not an object is its job's to refuse
      {"Content-Type: text/plain\r\n", "{}",
       "invalid_parameter: unsupported Content-Type header (text/plain): must be "
       "'application/json'"},
      {"", "{}",
       "invalid_parameter: unsupported Content-Type header (): must be 'application/json'"},
      {"Content-Type: a/b/c;;\r\n", "{}",
       "invalid_parameter: malformed Content-Type header (a/b/c;;): mime: unexpected content after "
       "media subtype"},
      {"Transfer-Encoding: chunked\r\n", "",
       "invalid_parameter: unsupported Content-Type header (): must be 'application/json'"},
  };
  for (const auto& r : rows) {
    INFO(r.type << r.body);
    CHECK(text_of(make("POST", "/services/create", r.type, r.body)) == r.expected);
  }
}

TEST_CASE("jobs: bodies have a limit", "[api][jobs]") {
  auto cfg = debugging();
  cfg.json_limit = 4;
  service api{cfg};
  auto request = test::head("POST", "/services/create", json_type);
  auto m = std::get<match>(api.resolve(*request));
  CHECK(api.body_limit(m) == 4);
  CHECK(api.make_job(m, "{  }", now).error().kind == errc::unavailable);
  CHECK(api.make_job(m, "{   }", now).error() ==
        api_error{errc::invalid_parameter, "request body is larger than 4 bytes"});
  auto list = test::head("GET", "/containers/json");
  CHECK(api.body_limit(std::get<match>(api.resolve(*list))) == 0);
}

TEST_CASE("jobs: debug routes take any method and the version prefix of today", "[api][jobs]") {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"/debug/vars", "debug_vars()"},
      {"/v1.50/debug/vars", "debug_vars()"},
      {"/debug/pprof/", "debug_pprof() debug=0 seconds=0 addresses="},
      {"/debug/pprof/heap?debug=1", "debug_pprof(heap) debug=1 seconds=0 addresses=debug=1"},
      {"/debug/pprof/profile?seconds=5",
       "debug_pprof(profile) debug=0 seconds=5 addresses=seconds=5"},
      {"/debug/pprof/profile?seconds=x",
       "debug_pprof(profile) debug=0 seconds=0 addresses=seconds=x"},
      {"/debug/pprof/symbol?0x10+0x20",
       "debug_pprof(symbol) debug=0 seconds=0 addresses=0x10+0x20"},
      {"/debug/pprof/nope?%zz", "debug_pprof(nope) debug=0 seconds=0 addresses=%zz"},
  };
  for (auto [target, expected] : rows) {
    for (auto method : {"GET", "DELETE", "OPTIONS"}) {
      INFO(method << " " << target);
      CHECK(text_of(make(method, target)) == expected);
    }
  }
  CHECK(text_of(make("POST", "/debug/pprof/symbol", "Content-Length: 9\r\n", "0x10+0x20")) ==
        "debug_pprof(symbol) debug=0 seconds=0 addresses=0x10+0x20");
}

TEST_CASE("jobs: debug replies have the types of section 6", "[api][jobs]") {
  service api{debugging()};
  auto reply = [&](std::string_view target, auto output) {
    auto request = test::head("GET", target);
    auto m = std::get<match>(api.resolve(*request));
    job::reply said;
    said.output = std::move(output);
    return api.make_response(m, std::move(said));
  };
  auto type = [&](std::string_view target, std::string bytes) {
    auto r = reply(target, bytes);
    CHECK(r.body == bytes);
    return test::header(r, "Content-Type");
  };
  CHECK(type("/debug/pprof/", "<html>") == "text/html; charset=utf-8");
  CHECK(type("/debug/pprof/cmdline", std::string{"a\0b", 3}) == "text/plain; charset=utf-8");
  CHECK(type("/debug/pprof/profile", "x") == "application/octet-stream");
  CHECK(type("/debug/pprof/symbol", "num_symbols: 1\n") == "text/plain; charset=utf-8");
  CHECK(type("/debug/pprof/heap", "heap profile: 0: 0") == "text/plain; charset=utf-8");
  CHECK(type("/debug/pprof/heap", "\x1f\x8b\x08") == "application/octet-stream");
  CHECK(type("/v1.50/debug/pprof/goroutine", "x") == "text/plain; charset=utf-8");
  auto vars = reply("/debug/vars", boost::json::value{{"cmdline", {"a"}}, {"n", 1}});
  CHECK(vars.body == "{\n\"cmdline\": [\"a\"],\n\"n\": 1\n}\n");
  CHECK(test::header(vars, "Content-Type") == "application/json; charset=utf-8");
}

TEST_CASE("jobs: failures below /debug are text (DB2)", "[api][jobs]") {
  service api{debugging()};
  auto request = test::head("GET", "/debug/pprof/nope");
  auto m = std::get<match>(api.resolve(*request));
  job::reply said;
  said.status = job::status_error;
  said.kind = errc::not_found;
  said.error = "Unknown profile: nope";
  auto r = api.make_response(m, std::move(said));
  CHECK(r.status == 404);
  CHECK(r.body == "Unknown profile: nope\n");
  CHECK(test::header(r, "Content-Type") == "text/plain; charset=utf-8");
}
