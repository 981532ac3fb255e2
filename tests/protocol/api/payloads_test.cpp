#include "protocol/api/payloads.hpp"

#include "protocol/api/json.hpp"

#include <boost/json/parse.hpp>

#include <catch2/catch.hpp>

using namespace gantry::api;
namespace json = boost::json;

namespace {

std::string today_text(const json::value& v) {
  std::string out;
  append_json(out, v);
  return out;
}

std::string legacy_text(const json::value& v) {
  std::string out;
  append_json(out, v, json_form::legacy);
  return out;
}

json::value info() {
  return json::parse(R"({
    "ID":"x","Containers":3,"ContainersRunning":1,"Images":2,"Driver":"overlay2",
    "DriverStatus":[["Backing Filesystem","extfs"]],"MemoryLimit":true,"SwapLimit":false,
    "CPUSet":true,"IPv4Forwarding":true,"Debug":false,"NFd":9,"NGoroutines":5,
    "NEventsListener":1,"KernelVersion":"","OperatingSystem":"","IndexServerAddress":"https://i/v1/",
    "RegistryConfig":{"Mirrors":[]},
    "Runtimes":{"crun":{"path":"crun","status":{"a":"b"}}},"DefaultRuntime":"crun",
    "InitBinary":"docker-init","ContainerdCommit":{"ID":"c1"},"RuncCommit":{"ID":"r1"},
    "InitCommit":{"ID":"i1"},"SecurityOptions":["name=seccomp,profile=builtin","name=cgroupns"],
    "FirewallBackend":{"Driver":"iptables"},"DiscoveredDevices":[],"Containerd":{"Address":"a"},
    "KernelMemory":false})");
}

bool shows(const json::value& v, std::string_view name) { return v.get_object().contains(name); }

} // namespace

TEST_CASE("payloads: version goes out as it is today", "[api][payloads]") {
  auto full = json::parse(R"({"Platform":{"Name":""},"Version":"1","ApiVersion":"1.50"})");
  CHECK(version_reply(full, era::today) == full);
}

TEST_CASE("payloads: version of 1.2.0 has seven members and says 1.14", "[api][payloads]") {
  auto full = json::parse(R"({"Platform":{"Name":"x"},"Version":"28.2.2","ApiVersion":"1.50",
    "MinAPIVersion":"1.24","GitCommit":"0123456","GoVersion":"go1","Os":"linux","Arch":"amd64",
    "KernelVersion":"6.1","Experimental":true,"BuildTime":"t"})");
  CHECK(legacy_text(version_reply(full, era::legacy)) ==
        R"({"ApiVersion":"1.14","Arch":"amd64","GitCommit":"0123456","GoVersion":"go1",)"
        R"("KernelVersion":"6.1","Os":"linux","Version":"28.2.2"})");
  full.get_object().erase("KernelVersion");
  CHECK_FALSE(shows(version_reply(full, era::legacy), "KernelVersion"));
}

TEST_CASE("payloads: info of 1.50 has no member that was dropped", "[api][payloads]") {
  auto v = info_reply(info(), {1, 50});
  CHECK(shows(v, "DiscoveredDevices"));
  CHECK(shows(v, "FirewallBackend"));
  CHECK(shows(v, "Containerd"));
  CHECK_FALSE(shows(v, "BridgeNfIptables"));
  CHECK_FALSE(shows(v, "KernelMemory"));
  CHECK(today_text(v.at("ContainerdCommit")) == R"({"ID":"c1"})");
  CHECK(today_text(v.at("RegistryConfig")) == R"({"Mirrors":[]})");
  CHECK(v.at("KernelVersion") == "");
}

TEST_CASE("payloads: info changes at each version that changed it", "[api][payloads]") {
  auto at = [](std::uint32_t minor) { return info_reply(info(), {1, minor}); };
  CHECK_FALSE(shows(at(49), "DiscoveredDevices"));
  CHECK(at(49).at("BridgeNfIptables") == false);
  CHECK(at(49).at("BridgeNfIp6tables") == false);
  CHECK(shows(at(49), "FirewallBackend"));
  CHECK_FALSE(shows(at(48), "FirewallBackend"));
  CHECK(today_text(at(48).at("RuncCommit")) == R"({"ID":"r1","Expected":"r1"})");
  CHECK(today_text(at(48).at("RegistryConfig")) ==
        R"({"Mirrors":[],"AllowNondistributableArtifactsCIDRs":null,)"
        R"("AllowNondistributableArtifactsHostnames":null})");
  CHECK(shows(at(46), "Containerd"));
  CHECK_FALSE(shows(at(45), "Containerd"));
  CHECK(today_text(at(44).at("Runtimes")) == R"({"crun":{"path":"crun","status":{"a":"b"}}})");
  CHECK(today_text(at(43).at("Runtimes")) == R"({"crun":{"path":"crun"}})");
  CHECK_FALSE(shows(at(42), "KernelMemory"));
  CHECK(at(41).at("KernelMemory") == false);
  CHECK(at(39).at("OperatingSystem") == "");
  CHECK(at(38).at("OperatingSystem") == "<unknown>");
  CHECK(at(38).at("KernelVersion") == "<unknown>");
  CHECK(today_text(at(25).at("SecurityOptions")) ==
        R"(["name=seccomp,profile=builtin","name=cgroupns"])");
  CHECK(today_text(at(24).at("SecurityOptions")) == R"(["seccomp","cgroupns"])");
  CHECK(at(24).at("ExecutionDriver") == "<not supported>");
}

TEST_CASE("payloads: info of 1.2.0 has its keys and counts yes as 1 (Y9)", "[api][payloads]") {
  CHECK(legacy_text(legacy_info_reply(info())) ==
        R"({"Containers":3,"Debug":0,"Driver":"overlay2",)"
        R"("DriverStatus":[["Backing Filesystem","extfs"]],"ExecutionDriver":"crun",)"
        R"("IPv4Forwarding":1,"Images":2,"IndexServerAddress":"https://i/v1/",)"
        R"("InitPath":"docker-init","InitSha1":"","KernelVersion":"","MemoryLimit":1,)"
        R"("NEventsListener":1,"NFd":9,"NGoroutines":5,"OperatingSystem":"","SwapLimit":0})");
}

TEST_CASE("payloads: replies of jobs that said nothing keep their shape", "[api][payloads]") {
  CHECK(info_reply({}, {1, 24}).is_null());
  CHECK(legacy_info_reply({}).at("Containers") == 0);
  CHECK(today_text(disk_usage_reply({}, {1, 42})) ==
        R"({"LayersSize":0,"Images":null,"Containers":null,"Volumes":null,"BuildCache":null})");
  CHECK(today_text(volumes_reply({})) == R"({"Volumes":[],"Warnings":null})");
}

TEST_CASE("payloads: disk usage sums up the build cache below 1.42", "[api][payloads]") {
  auto full = json::parse(R"({"LayersSize":7,"Images":[],"Containers":[],"Volumes":[],
                              "BuildCache":[{"Size":3},{"Size":4},{}]})");
  CHECK(today_text(disk_usage_reply(full, {1, 41})) ==
        R"({"LayersSize":7,"Images":[],"Containers":[],"Volumes":[],)"
        R"("BuildCache":[{"Size":3},{"Size":4},{}],"BuilderSize":7})");
  CHECK_FALSE(shows(disk_usage_reply(full, {1, 42}), "BuilderSize"));
}

TEST_CASE("payloads: lists of 1.2.0 have a newline after each row (B1)", "[api][payloads]") {
  CHECK(legacy_list(json::array{}) == "[]");
  CHECK(legacy_list(json::parse(R"([{"b":1,"a":2},{"c":"<"}])")) ==
        "[{\"a\":2,\"b\":1}\n,{\"c\":\"\\u003c\"}\n]");
}
