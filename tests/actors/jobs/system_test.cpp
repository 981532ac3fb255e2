#include "tests/actors/jobs/job_fixture.hpp"

#include "actors/jobs/info.hpp"
#include "protocol/api/payloads.hpp"
#include "tests/protocol/container/view_builder.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <string>
#include <variant>
#include <vector>

using namespace gantry;
using test::job_fixture;

namespace json = boost::json;

TEST_CASE_METHOD(job_fixture, "builtins: every job of the table is there", "[actors][jobs]") {
  CHECK(text("commands") == "build_prune\ncommands\ndebug_pprof\ndebug_vars\nevents\ninfo\nlog\n"
                            "ping\n"
                            "subscribers_count\nversion\n");
}

TEST_CASE_METHOD(job_fixture, "builtins: a second set is refused", "[actors][jobs]") {
  engine::job_table table;
  REQUIRE(jobs::add_builtin_jobs(table, services).has_value());
  auto again = jobs::add_builtin_jobs(table, services);
  REQUIRE(!again);
  CHECK(again.error() == api_error{errc::conflict, "Can't overwrite handler for command ping"});
}

TEST_CASE_METHOD(job_fixture, "ping: succeeds without output", "[actors][jobs]") {
  auto reply = run("ping");
  CHECK(reply.status == 0);
  CHECK(std::holds_alternative<std::monostate>(reply.output));
}

TEST_CASE("version, info: wait until the machine has been looked at", "[actors][jobs]") {
  // What they tell of it is empty before.
  auto name = GENERATE("version", "info");
  job_fixture daemon{test::look::not_yet};
  auto answer = daemon.start({name, {}, {}});
  daemon.facts->learn(test::made_up_facts());
  auto reply = job_fixture::wait(std::move(answer));
  REQUIRE(reply.status == 0);
  auto text = json::serialize(std::get<json::value>(reply.output));
  CHECK(text.find("crun") != std::string::npos);
}

TEST_CASE_METHOD(job_fixture, "version: tells the whole shape of API 1.50", "[actors][jobs]") {
  auto version = value("version").as_object();
  std::vector<std::string> names;
  for (const auto& member : version)
    names.emplace_back(member.key());
  CHECK(names == std::vector<std::string>{"Platform", "Components", "Version", "ApiVersion",
                                          "MinAPIVersion", "GitCommit", "GoVersion", "Os", "Arch",
                                          "KernelVersion", "BuildTime"});
  CHECK(version.at("Version") == "9.8.7");
  CHECK(version.at("ApiVersion") == "1.50");
  CHECK(version.at("MinAPIVersion") == "1.24");
  CHECK(version.at("GitCommit") == "abcdef0");
  CHECK(version.at("KernelVersion") == "6.1.0-test");
  CHECK(version.at("Arch") == "amd64");
  const auto& components = version.at("Components").as_array();
  REQUIRE(components.size() == 4);
  CHECK(components[0].at("Name") == "Engine");
  CHECK(components[0].at("Details").at("Experimental") == "false");
  CHECK(components[1] == json::parse(R"({"Name":"crun","Version":"1.8.1",
                                         "Details":{"GitCommit":"c0ffee"}})"));
  CHECK(components[3].at("Name") == "tini");
}

TEST_CASE_METHOD(job_fixture, "version: Experimental is there only if it is on", "[actors][jobs]") {
  auto settings = facts->get()->settings;
  settings.experimental = true;
  facts->reload(settings);
  CHECK(value("version").at("Experimental") == true);
}

TEST_CASE_METHOD(job_fixture, "info: figures are of this moment", "[actors][jobs]") {
  auto info = value("info").as_object();
  CHECK(info.at("NFd").to_number<std::size_t>() >= 3);
  CHECK(info.at("NGoroutines").to_number<std::size_t>() >= 3); // hub, engine, the job itself
  CHECK(info.at("NEventsListener") == 0);
  CHECK(info.at("SystemTime").as_string().starts_with("20"));
  CHECK(info.at("SystemTime").as_string().ends_with("Z"));
}

TEST_CASE_METHOD(job_fixture, "info: counts containers by their state", "[actors][jobs]") {
  using container::container_status;
  auto counts = [this] {
    auto info = value("info").as_object();
    return json::array{info.at("Containers"), info.at("ContainersRunning"),
                       info.at("ContainersPaused"), info.at("ContainersStopped")};
  };
  CHECK(counts() == json::array{0, 0, 0, 0});
  auto show = [this](char digit, container_status status) {
    auto view = container::make_view(digit, std::string{"c"} + digit);
    view.state.status = status;
    shown->put(std::make_shared<const containers::published_container>(std::move(view)), nullptr);
  };
  show('1', container_status::running);
  show('2', container_status::running);
  show('3', container_status::paused);
  show('4', container_status::created);
  show('5', container_status::exited);
  show('6', container_status::restarting); // as dockerd counts
  CHECK(counts() == json::array{6, 2, 1, 3});
}

TEST_CASE_METHOD(job_fixture, "info: tells what was found at the start", "[actors][jobs]") {
  auto info = value("info").as_object();
  CHECK(info.at("ID") == "01234567-89ab-4cde-8f01-23456789abcd");
  CHECK(info.at("Name") == "box");
  CHECK(info.at("NCPU") == 6);
  CHECK(info.at("MemTotal") == std::int64_t{64} << 30);
  CHECK(info.at("Driver") == "overlay2");
  CHECK(info.at("DriverStatus") == json::parse(R"([["Backing Filesystem","extfs"]])"));
  CHECK(info.at("CgroupVersion") == "2");
  CHECK(info.at("CgroupDriver") == "systemd");
  CHECK(info.at("DefaultRuntime") == "crun");
  CHECK(info.at("Runtimes") ==
        json::parse(R"({"crun":{"path":"/usr/bin/crun"},"runc":{"path":"/usr/sbin/runc"}})"));
  CHECK(info.at("RuncCommit") == json::parse(R"({"ID":"c0ffee"})"));
  CHECK(info.at("HttpProxy") == "http://xxxxx:xxxxx@proxy:3128");
  CHECK(info.at("SecurityOptions") ==
        json::parse(R"(["name=seccomp,profile=builtin","name=cgroupns"])"));
  CHECK(info.at("Labels") == json::parse(R"(["rack=7","owner=me"])"));
  CHECK(info.at("Warnings") == json::array{});
  CHECK(info.at("Swarm").at("LocalNodeState") == "inactive");
  CHECK(info.at("RegistryConfig") ==
        json::parse(R"({"InsecureRegistryCIDRs":["::1/128","127.0.0.0/8"],"IndexConfigs":
          {"docker.io":{"Name":"docker.io","Mirrors":[],"Secure":true,"Official":true}},
          "Mirrors":[]})"));
  CHECK(!info.contains("DefaultAddressPools"));
}

TEST_CASE_METHOD(job_fixture, "info: shows the settings of the last reload", "[actors][jobs]") {
  jobs::daemon_settings settings;
  settings.labels = {"a=b"};
  settings.registry_mirrors = {"https://mirror"};
  settings.insecure_registries = {"10.0.0.0/8", "box:5000"};
  settings.default_address_pools = {{"10.10.0.0/16", 24}};
  settings.default_runtime = "mine";
  settings.runtimes = {{"mine", "/opt/mine"}};
  settings.warnings = {"WARNING: said by the wiring"};
  settings.no_new_privileges = true;
  settings.seccomp_profile = "unconfined";
  settings.min_api_version = "1.44";
  facts->reload(settings);
  CHECK(value("version").at("MinAPIVersion") == "1.44");
  CHECK(value("info").at("SecurityOptions").at(0) == "name=seccomp,profile=unconfined");
  auto info = value("info").as_object();
  CHECK(info.at("Labels") == json::parse(R"(["a=b"])"));
  CHECK(info.at("Driver") == "overlay2"); // chosen when the store was opened
  CHECK(info.at("DefaultRuntime") == "mine");
  CHECK(info.at("RuncCommit").at("ID") == "");
  CHECK(info.at("Runtimes").at("mine").at("path") == "/opt/mine");
  CHECK(info.at("DefaultAddressPools") == json::parse(R"([{"Base":"10.10.0.0/16","Size":24}])"));
  CHECK(info.at("Warnings") == json::parse(R"(["WARNING: said by the wiring"])"));
  CHECK(info.at("Name") == "box"); // of the machine: stays
  const auto& registries = info.at("RegistryConfig");
  CHECK(registries.at("Mirrors") == json::parse(R"(["https://mirror/"])"));
  CHECK(registries.at("InsecureRegistryCIDRs") ==
        json::parse(R"(["10.0.0.0/8","::1/128","127.0.0.0/8"])"));
  CHECK(registries.at("IndexConfigs").at("box:5000") ==
        json::parse(R"({"Name":"box:5000","Mirrors":[],"Secure":false,"Official":false})"));
}

TEST_CASE("info: what the kernel lacks is a warning", "[actors][jobs]") {
  auto facts = test::made_up_facts();
  facts.cgroups.swap_limit = false;
  facts.cgroups.version = 1; // and no OOM killer switch
  facts.machine.ipv4_forwarding = false;
  auto info = jobs::info_value(facts, {});
  CHECK(info.at("Warnings") == json::parse(R"(["WARNING: No swap limit support",
      "WARNING: No oom kill disable support","WARNING: IPv4 forwarding is disabled"])"));
}

TEST_CASE_METHOD(job_fixture, "info: Y9, the 1.2.0 form finds its keys", "[actors][jobs]") {
  auto legacy = api::legacy_info_reply(value("info")).as_object();
  CHECK(legacy.at("MemoryLimit") == 1);
  CHECK(legacy.at("Debug") == 1);
  CHECK(legacy.at("IPv4Forwarding") == 1);
  CHECK(legacy.at("ExecutionDriver") == "crun");
  CHECK(legacy.at("InitPath") == "tini");
  CHECK(legacy.at("NFd") != 0);
  CHECK(legacy.at("NGoroutines") != 0);
  CHECK(legacy.at("IndexServerAddress") == "https://index.docker.io/v1/");
}

TEST_CASE_METHOD(job_fixture, "info: answers although the worker pool is stuck", "[actors][jobs]") {
  std::promise<void> release;
  auto gate = release.get_future().share();
  for (int i = 0; i < 2; ++i)
    REQUIRE(services.pool->submit("stuck", [gate] { gate.wait(); }));
  auto info = value("info");
  CHECK(info.at("NFd") == 0);
  CHECK(info.at("NEventsListener") == 0);
  release.set_value();
}

TEST_CASE("info: times are written as Go writes them", "[actors][jobs]") {
  using jobs::rfc3339;
  CHECK(rfc3339(api::from_unix_time(0)) == "1970-01-01T00:00:00Z");
  CHECK(rfc3339(api::from_unix_time(1714979289, 120000000)) == "2024-05-06T07:08:09.12Z");
  CHECK(rfc3339(api::from_unix_time(-1, 999999999)) == "1969-12-31T23:59:59.999999999Z");
}
