#include "protocol/container/process_spec.hpp"

#include <catch2/catch.hpp>

namespace gantry::container {
namespace {

using strings = std::vector<std::string>;

constexpr const char* path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

} // namespace

TEST_CASE("process_spec: the environment of a container", "[protocol][container]") {
  CHECK(container_environment("box", false, {}, {}) == strings{path, "HOSTNAME=box"});
  CHECK(container_environment("box", true, {"DB_NAME=/a/db"}, {}) ==
        strings{path, "HOSTNAME=box", "TERM=xterm", "DB_NAME=/a/db"});
  CHECK(container_environment("box", true, {"DB_NAME=/a/db"},
                              {"A=1", "TERM=dumb", "DB_NAME", "HOSTNAME", "PATH=/bin"}) ==
        strings{"PATH=/bin", "TERM=dumb", "A=1"});
}

TEST_CASE("process_spec: changes of an environment", "[protocol][container]") {
  CHECK(changed_environment({"A=1", "B=2"}, {}) == strings{"A=1", "B=2"});
  CHECK(changed_environment({"A=1", "B=2"}, {"B=3", "C=", "A"}) == strings{"B=3", "C="});
  CHECK(changed_environment({}, {"A=1", "A=2", "A"}) == strings{"A=1", "A=2"});
  CHECK(changed_environment({"A=1", "A=2"}, {"A=3"}) == strings{"A=1", "A=3"});
  CHECK(changed_environment({"A=1"}, {"A", "A=2"}) == strings{"A=2"});
  CHECK(changed_environment({"A=1"}, {"A=x=y", "AB"}) == strings{"A=x=y"});
}

TEST_CASE("process_spec: a process has the home of its user unless it is told another",
          "[protocol][container]") {
  container_config config;
  spec_facts facts;
  facts.user.home = "/home/bob";
  const auto env = [&] { return container_process(config, {}, {}, facts).value().env; };
  CHECK(env().back() == "HOME=/home/bob");
  config.env = {{"HOME=/elsewhere", "A=1"}};
  CHECK(env() == strings{path, "HOSTNAME=", "HOME=/elsewhere", "A=1"});
  config.env = {{"HOME=", "A=1"}};
  CHECK(env() == strings{path, "HOSTNAME=", "A=1", "HOME=/home/bob"});

  exec_request request;
  request.command = {"true"};
  request.user.home = "/root";
  const auto exec = [&] { return build_exec_process(request, config, {}, {}, facts).value(); };
  CHECK(exec().find(R"("A=1","HOME=/root"])") != std::string::npos);
  request.env = {"HOME=/x"};
  CHECK(exec().find(R"("HOME=/x","A=1"])") != std::string::npos);
}

TEST_CASE("process_spec: limits of the user's come before the daemon's", "[protocol][container]") {
  host_config host;
  daemon_facts daemon;
  daemon.default_limits = {{"nofile", 1024, 4096}, {"core", 0, resource_limit::unlimited}};
  host.resources.ulimits = {
      {{.name = "NOFILE", .hard = 20, .soft = 10}, {.name = "nproc", .hard = -1, .soft = 5}}};
  CHECK(container_limits(host, daemon).value() ==
        std::vector<resource_limit>{{"nofile", 10, 20},
                                    {"nproc", 5, resource_limit::unlimited},
                                    {"core", 0, resource_limit::unlimited}});
}

TEST_CASE("process_spec: default limits are cut to what the daemon may set",
          "[protocol][container]") {
  host_config host;
  daemon_facts daemon;
  daemon.default_limits = {{"nofile", 1 << 20, 1 << 20}, {"core", 0, 10}, {"nproc", 10, 100}};
  daemon.highest_limits = {{"nofile", 20000}, {"nproc", 50}};
  CHECK(container_limits(host, daemon).value() ==
        std::vector<resource_limit>{{"nofile", 20000, 20000}, {"core", 0, 10}, {"nproc", 10, 50}});
}

TEST_CASE("process_spec: limits that cannot be had are refused", "[protocol][container]") {
  daemon_facts daemon;
  daemon.highest_limits = {{"nofile", 20000}};
  const auto message = [&](ulimit asked) {
    host_config host;
    host.resources.ulimits = {{std::move(asked)}};
    const auto limits = container_limits(host, daemon);
    REQUIRE(limits.has_error());
    CHECK(limits.error().kind == errc::invalid_parameter);
    return limits.error().message;
  };
  CHECK(message({.name = "foo", .hard = 1, .soft = 1}) == "invalid ulimit type: foo");
  CHECK(message({.name = "nofile", .hard = 200, .soft = 300}) ==
        "ulimit soft limit must be less than or equal to hard limit: 300 > 200");
  CHECK(message({.name = "core", .hard = 200, .soft = -1}) ==
        "ulimit soft limit must be less than or equal to hard limit: -1 > 200");
  CHECK(message({.name = "nofile", .hard = 20001, .soft = 1}) ==
        "ulimit nofile: 20001 is more than this daemon can set (20000)");
  CHECK(message({.name = "nofile", .hard = -1, .soft = 1}) ==
        "ulimit nofile: unlimited is more than this daemon can set (20000)");
}

TEST_CASE("process_spec: the JSON of a process", "[protocol][container]") {
  process_spec process;
  process.terminal = true;
  process.console_size = {24, 80};
  process.user = {1000, 10, {10, 44}, "/home/bob"};
  process.args = {"sh", "-c", "echo \"\xff\""};
  process.env = {"A=1"};
  process.cwd = "/tmp";
  process.capabilities = capability_set{1};
  process.limits = {{"nofile", 1, resource_limit::unlimited}};
  process.no_new_privileges = true;
  process.apparmor_profile = "mine";
  process.oom_score_adj = -5;
  CHECK(to_json(process) ==
        R"({"terminal":true,"consoleSize":{"height":24,"width":80},)"
        R"("user":{"uid":1000,"gid":10,"additionalGids":[10,44]},)"
        R"("args":["sh","-c","echo \"\ufffd\""],"env":["A=1"],"cwd":"/tmp",)"
        R"("capabilities":{"bounding":["CAP_CHOWN"]},)"
        R"("rlimits":[{"type":"RLIMIT_NOFILE","hard":18446744073709551615,"soft":1}],)"
        R"("noNewPrivileges":true,"apparmorProfile":"mine","oomScoreAdj":-5})");
}

TEST_CASE("process_spec: init comes first where it would be process 1", "[protocol][container]") {
  container_config config;
  host_config host;
  daemon_facts daemon;
  spec_facts facts;
  facts.path = "sh";
  facts.args = {"-c", "true"};
  const auto args = [&] { return container_process(config, host, daemon, facts).value().args; };
  CHECK(args() == strings{"sh", "-c", "true"});
  facts.init_program = "/usr/bin/tini";
  CHECK(args() == strings{"/sbin/docker-init", "--", "sh", "-c", "true"});
  host.pid_mode = "host";
  CHECK(args() == strings{"sh", "-c", "true"});
  host.pid_mode = "container:x";
  CHECK(args() == strings{"sh", "-c", "true"});
}

TEST_CASE("process_spec: a privileged exec has all that the daemon holds",
          "[protocol][container]") {
  container_config config;
  host_config host;
  host.cap_drop = {{"ALL"}};
  daemon_facts daemon;
  daemon.capabilities = capability_set{0b11};
  exec_request request;
  request.command = {"true"};
  const auto json = [&] { return build_exec_process(request, config, host, daemon, {}).value(); };
  CHECK(json().find("CAP_") == std::string::npos);
  request.privileged = true;
  CHECK(json().find(R"("bounding":["CAP_CHOWN","CAP_DAC_OVERRIDE"])") != std::string::npos);
  // Nor does AppArmor confine a container any less for it.
  daemon.apparmor = true;
  daemon.apparmor_profile = "docker-default";
  CHECK(json().find(R"("apparmorProfile":"docker-default")") != std::string::npos);
}

} // namespace gantry::container
