#include "tests/protocol/api/operation_fixture.hpp"

#include <boost/json/parse.hpp>

#include <catch2/catch.hpp>

#include <string>
#include <utility>

using namespace gantry;
using namespace gantry::api;
using namespace gantry::api::test;

namespace {

constexpr std::string_view upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n";

} // namespace

TEST_CASE("containers: what changes their life", "[api][containers]") {
  const operation_row rows[] = {
      {"POST", "/containers/web/start", "container_start(web)"},
      {"POST", "/containers/a%2Fb/start?detachKeys=x", "container_start(a/b)"},
      {"POST", "/containers/web/start?checkpoint=c",
       "invalid_parameter: checkpoint is only supported in experimental mode"},
      {"POST", "/containers/web/stop", "container_stop(web)"},
      {"POST", "/containers/web/stop?t=5&signal=INT", "container_stop(web) signal=INT t=5"},
      {"POST", "/v1.41/containers/web/stop?t=-1&signal=INT", "container_stop(web) t=-1"},
      {"POST", "/containers/web/stop?t=x",
       "invalid_parameter: strconv.Atoi: parsing \"x\": invalid syntax"},
      {"POST", "/containers/web/restart?t=0&signal=9", "container_restart(web) signal=9 t=0"},
      {"POST", "/containers/web/kill", "container_kill(web)"},
      {"POST", "/v1.24/containers/web/kill?signal=SIGUSR1", "container_kill(web) signal=SIGUSR1"},
      {"POST", "/containers/web/pause", "container_pause(web)"},
      {"POST", "/containers/web/unpause", "container_unpause(web)"},
      {"DELETE", "/containers/web", "container_remove(web) force=0 v=0 link=0"},
      {"DELETE", "/containers/web?force=1&v=true&link=no",
       "container_remove(web) force=1 v=1 link=0"},
      {"POST", "/containers/prune", "container_prune()"},
      {"POST", "/containers/prune?filters=%7B%22until%22%3A%5B%2210m%22%5D%7D",
       R"(container_prune() filters={"until":["10m"]})"},
      {"POST", "/containers/prune?filters=%7B%22until%22%3A%5B%221m%22%2C%222m%22%5D%7D",
       "invalid_parameter: more than one until filter specified"},
      {"POST", "/containers/prune?filters=%7B%22status%22%3A%5B%22x%22%5D%7D",
       "invalid_parameter: invalid filter 'status'"},
  };
  for (const auto& r : rows) {
    INFO(r.target);
    CHECK(job_of(r.method, r.target) == r.expected);
  }
}

TEST_CASE("containers: a start has no body to speak of", "[api][containers]") {
  const std::string refused =
      "invalid_parameter: starting container with non-empty request body was deprecated since API "
      "v1.22 and removed in v1.24";
  auto start = [](std::string_view lines, std::string_view body) {
    return job_of("POST", "/containers/web/start", lines, body);
  };
  CHECK(start("Content-Length: 2\r\n", "{}") == "container_start(web)");
  CHECK(start("Content-Length: 7\r\n", "not ok!") == "container_start(web)");
  CHECK(start("Content-Length: 8\r\n", "{\"a\": 1}") == refused);
  CHECK(start("Transfer-Encoding: chunked\r\n", "") == refused);
}

TEST_CASE("containers: waiting is announced since 1.30", "[api][containers]") {
  const operation_row rows[] = {
      {"POST", "/containers/web/wait", "container_wait(web) early=1"},
      {"POST", "/v1.30/containers/web/wait?condition=removed",
       "container_wait(web) condition=removed early=1"},
      {"POST", "/v1.29/containers/web/wait?condition=removed", "container_wait(web) early=0"},
      {"POST", "/v1.14/containers/web/wait", "container_wait(web) early=0 shape=1.2"},
  };
  for (const auto& r : rows) {
    INFO(r.target);
    CHECK(job_of(r.method, r.target) == r.expected);
  }
}

TEST_CASE("containers: their settings", "[api][containers]") {
  const operation_row rows[] = {
      {"POST", "/containers/web/rename?name=db", "container_rename(web) name=db"},
      {"POST", "/containers/web/rename", "container_rename(web)"},
      {"POST", "/containers/web/resize?h=30&w=100", "container_resize(web) h=30 w=100"},
      {"POST", "/containers/web/resize?h=x&w=100",
       "invalid_parameter: invalid resize height \"x\": invalid syntax"},
      {"POST", "/containers/web/resize?h=30",
       "invalid_parameter: invalid resize width \"\": invalid syntax"},
      {"POST", "/containers/web/resize?h=30&w=-1",
       "invalid_parameter: invalid resize width \"-1\": value out of range"},
      {"POST", "/containers/web/resize?h=4294967296&w=1",
       "invalid_parameter: invalid resize height \"4294967296\": value out of range"},
      {"GET", "/containers/web/top", "container_top(web)"},
      {"GET", "/containers/web/top?ps_args=-o+pid%2Ccmd", "container_top(web) ps_args=-o pid,cmd"},
      {"GET", "/containers/web/stats", "container_stats(web) stream=1 one-shot=0"},
      {"GET", "/containers/web/stats?stream=0&one-shot=1",
       "container_stats(web) stream=0 one-shot=1"},
      {"GET", "/containers/web/stats?stream=", "container_stats(web) stream=0 one-shot=0"},
      {"GET", "/v1.40/containers/web/stats?stream=1&one-shot=1",
       "container_stats(web) stream=1 one-shot=0"},
  };
  for (const auto& r : rows) {
    INFO(r.target);
    CHECK(job_of(r.method, r.target) == r.expected);
  }
  CHECK(job_of("POST", "/v1.39/containers/web/update", json_type, R"({"Memory":1})") ==
        R"(container_update(web) version=1.39 body={"Memory":1})");
  CHECK(job_of("POST", "/containers/web/update") ==
        "invalid_parameter: invalid JSON: got EOF while reading request body");
}

TEST_CASE("containers: their output", "[api][containers]") {
  const operation_row rows[] = {
      {"GET", "/containers/web/logs",
       "invalid_parameter: Bad parameters: you must choose at least one stream"},
      {"GET", "/containers/web/logs?stderr=1&stdout=1&tail=all",
       "container_logs(web) stdout=1 stderr=1 follow=0 timestamps=0 tail=all details=0 framed=1 "
       "announced=1"},
      {"GET", "/v1.41/containers/web/logs?follow=1&stdout=1&since=5&until=6.5&details=1",
       "container_logs(web) stdout=1 stderr=0 follow=1 timestamps=0 details=1 since=5 until=6.5 "
       "framed=1 announced=0"},
      {"GET", "/v1.14/containers/web/logs?stdout=1&since=5",
       "container_logs(web) stdout=1 stderr=0 follow=0 timestamps=0 framed=1 announced=0"},
      {"GET", "/v1.5/containers/web/logs?stdout=1",
       "container_logs(web) stdout=1 stderr=0 follow=0 timestamps=0 framed=0 announced=0"},
  };
  for (const auto& r : rows) {
    INFO(r.target);
    CHECK(job_of(r.method, r.target) == r.expected);
  }
  auto attach = [](std::string_view target, std::string_view lines) {
    return job_of("POST", target, lines);
  };
  CHECK(attach("/containers/web/attach?stream=1&stdin=1&stdout=1&stderr=1&detachKeys=a", upgrade) ==
        "container_attach(web) stdin=1 stdout=1 stderr=1 logs=0 stream=1 detachKeys=a framed=1 "
        "announced=1");
  CHECK(attach("/v1.41/containers/web/attach?logs=1", upgrade) ==
        "container_attach(web) stdin=0 stdout=0 stderr=0 logs=1 stream=0 framed=1 announced=0");
  CHECK(attach("/containers/web/attach?logs=1", {}) ==
        "container_attach(web) stdin=0 stdout=0 stderr=0 logs=1 stream=0 framed=1 announced=0");
}

TEST_CASE("containers: attach through a WebSocket", "[api][containers]") {
  auto attach = [](std::string_view target, std::string_view version = "13") {
    return job_of("GET", target,
                  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: " +
                      std::string{version} + "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
  };
  CHECK(attach("/containers/web/attach/ws?stream=1&stdout=1&detachKeys=a") ==
        "container_attach(web) logs=0 stream=1 stdin=0 stdout=1 stderr=0 detachKeys=a "
        "websocket=binary");
  CHECK(attach("/v1.41/containers/web/attach/ws?logs=1&stdout=0") ==
        "container_attach(web) logs=1 stream=0 stdin=1 stdout=1 stderr=1 websocket=binary");
  CHECK(attach("/v1.27/containers/web/attach/ws") ==
        "container_attach(web) logs=0 stream=0 stdin=1 stdout=1 stderr=1 websocket=text");
  CHECK(attach("/containers/web/attach/ws", "8") ==
        "invalid_parameter: not a WebSocket handshake: Sec-WebSocket-Version is not 13");
}

TEST_CASE("containers: answers without a body", "[api][containers]") {
  const std::pair<std::string_view, std::string_view> requests[] = {
      {"POST", "/containers/web/start"},     {"POST", "/containers/web/stop"},
      {"POST", "/containers/web/restart"},   {"POST", "/containers/web/kill"},
      {"POST", "/containers/web/pause"},     {"POST", "/containers/web/unpause"},
      {"POST", "/containers/web/rename"},    {"DELETE", "/containers/web"},
      {"POST", "/v1.14/containers/a/start"},
  };
  for (auto [method, target] : requests) {
    INFO(target);
    auto said = answer(method, target, {});
    CHECK(said.status == 204);
    CHECK(said.body.empty());
    CHECK_FALSE(test::has(said, "Content-Type"));
  }
  auto resized = answer("POST", "/containers/web/resize", {});
  CHECK(resized.status == 200);
  CHECK(resized.body.empty());
}

TEST_CASE("containers: lists and details are sent as their jobs write them", "[api][containers]") {
  for (auto target : {"/containers/json", "/containers/web/json"}) {
    INFO(target);
    auto said = answer("GET", target, std::string{"[{\"a\":\"<\"}]"});
    CHECK(said.status == 200);
    CHECK(said.body == "[{\"a\":\"<\"}]\n");
    CHECK(test::header(said, "Content-Type") == "application/json");
  }
}

TEST_CASE("containers: rows of the 1.2.0 era", "[api][containers]") {
  const std::string rows =
      R"([{"Id":"aa","Names":["/web"],"Image":"busybox","ImageID":"sha256:bb","Command":"sh -c 'a b'",)"
      R"("Created":5,"Ports":[],"SizeRw":3,"Labels":{},"State":"created","Status":"Created"},)"
      R"({"Id":"cc","Names":[],)"
      R"("Image":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",)"
      R"("Command":"x","Created":4,"Ports":[],"State":"exited","Status":"Exited (0) 2 hours ago"}])";
  CHECK(answer("GET", "/v1.14/containers/json", rows).body ==
        "[{\"Command\":\"sh -c 'a b'\",\"Created\":5,\"Id\":\"aa\",\"Image\":\"busybox:latest\","
        "\"Names\":[\"/web\"],\"Ports\":[],\"SizeRw\":3,\"Status\":\"\"}\n"
        ",{\"Command\":\"x\",\"Created\":4,\"Id\":\"cc\",\"Image\":\"0123456789ab\",\"Names\":[],"
        "\"Ports\":[],\"Status\":\"Exited (0) 2 hours ago\"}\n]");
  CHECK(answer("GET", "/v1.14/containers/json", std::string{"[]"}).body == "[]");
}

TEST_CASE("containers: details of the 1.2.0 era", "[api][containers]") {
  const std::string shown =
      R"({"Id":"aa","Created":"c","Path":"sh","Args":["-c"],"State":{"Status":"running",)"
      R"("Running":true,"Paused":false,"Restarting":false,"Pid":7,"ExitCode":0,"Error":"",)"
      R"("StartedAt":"s","FinishedAt":"f"},"Image":"sha256:bb","ResolvConfPath":"r",)"
      R"("HostnamePath":"h","HostsPath":"o","Name":"/web","RestartCount":2,"Driver":"overlay2",)"
      R"("MountLabel":"","ProcessLabel":"","HostConfig":{"CpuShares":0,"CpusetCpus":"0",)"
      R"("Memory":9,"MemorySwap":0},"Mounts":[{"Type":"bind","Source":"/s","Destination":"/d",)"
      R"("RW":false}],"Config":{"Hostname":"h"},"NetworkSettings":{"Bridge":"","Ports":{},)"
      R"("Gateway":"","IPAddress":"","IPPrefixLen":0,"Networks":{}}})";
  auto read = [&](std::string_view target) {
    return boost::json::parse(answer("GET", target, shown).body).get_object();
  };
  auto old = read("/v1.14/containers/web/json");
  CHECK(old.at("Id") == "aa");
  CHECK(old.at("Image") == "bb");
  CHECK(old.at("ExecDriver") == "native-0.2");
  CHECK(old.at("Config") ==
        boost::json::parse(R"({"Hostname":"h","CpuShares":0,"Cpuset":"0","Memory":9,)"
                           R"("MemorySwap":0,"NetworkDisabled":false,"PortSpecs":null})"));
  CHECK(old.at("State") ==
        boost::json::parse(R"({"Running":true,"Paused":false,"Restarting":false,"Pid":7,)"
                           R"("ExitCode":0,"StartedAt":"s","FinishedAt":"f"})"));
  CHECK(old.at("NetworkSettings") ==
        boost::json::parse(R"({"Bridge":"","Gateway":"","IPAddress":"","IPPrefixLen":0,)"
                           R"("Ports":{},"PortMapping":null})"));
  CHECK(old.at("Volumes") == boost::json::parse(R"({"/d":"/s"})"));
  CHECK(old.at("VolumesRW") == boost::json::parse(R"({"/d":false})"));
  CHECK_FALSE(old.contains("RestartCount"));
  auto raw = read("/v1.11/containers/web/json");
  CHECK(raw.at("ID") == "aa");
  CHECK_FALSE(raw.contains("Id"));
  CHECK(raw.at("RestartCount") == 2);
}

TEST_CASE("execs: requests to jobs", "[api][containers]") {
  const std::string body = R"({"Cmd":["ls"]})";
  CHECK(job_of("POST", "/v1.41/containers/web/exec", json_type, body) ==
        "exec_create(web) version=1.41 body=" + body);
  CHECK(job_of("POST", "/v1.50/containers/web/exec") == "exec_create(web) version=1.50 body=");
  CHECK(job_of("GET", "/exec/ab/json") == "exec_inspect(ab)");
  CHECK(job_of("POST", "/exec/ab/resize?h=3&w=4") == "exec_resize(ab) h=3 w=4");
  CHECK(job_of("POST", "/exec/ab/resize?h=x&w=4") ==
        "invalid_parameter: invalid resize height \"x\": invalid syntax");
  CHECK(job_of("POST", "/v1.41/exec/ab/start", json_type, "{}") ==
        "exec_start(ab) version=1.41 body={} framed=1 announced=0");
  const std::string upgrade = std::string{json_type} + "Connection: Upgrade\r\nUpgrade: tcp\r\n";
  CHECK(job_of("POST", "/v1.42/exec/ab/start", upgrade, "{}") ==
        "exec_start(ab) version=1.42 body={} framed=1 announced=1");
  CHECK(answer("POST", "/containers/web/exec", boost::json::object{{"Id", "ab"}}).status == 201);
  CHECK(answer("GET", "/exec/ab/json", std::string{"{}"}).body == "{}\n");
}

TEST_CASE("containers: starts and stops of the 1.2.0 era", "[api][containers]") {
  auto start = [](std::string_view lines, std::string_view body) {
    return job_of("POST", "/v1.14/containers/web/start", lines, body);
  };
  CHECK(start({}, {}) == "container_start(web)");
  CHECK(start(json_type, R"({"Binds":null,"Privileged":false,"Dns":[],"PortBindings":{}})") ==
        "container_start(web)");
  CHECK(start("Content-Type: text/plain\r\n", "{}") ==
        "system: Content-Type of application/json is required");
  CHECK(start(json_type, R"({"Binds":["/a:/b"]})") ==
        "not_implemented: a host configuration at start is not implemented by this daemon: give it "
        "to create");
  CHECK(job_of("POST", "/v1.14/containers/web/stop") == "container_stop(web) t=0");
  CHECK(job_of("POST", "/v1.14/containers/web/restart?t=3") == "container_restart(web) t=3");
}
