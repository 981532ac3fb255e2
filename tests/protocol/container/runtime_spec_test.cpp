#include "protocol/container/runtime_spec.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <string>
#include <string_view>

namespace gantry::container {
namespace {

namespace json = boost::json;

std::string text_of(const json::value* v) {
  return v ? std::string{std::string_view{v->as_string()}} : std::string{};
}

// A container that asks for nothing.
struct plain {
  container_config config;
  host_config host;
  daemon_facts daemon;
  spec_facts facts;

  plain() {
    daemon.capabilities = all_capabilities;
    host.network_mode = "none";
    facts.path = "true";
    facts.hostname = "box";
  }

  json::object build() const {
    return json::parse(build_runtime_spec({config, host, daemon, facts}).value()).as_object();
  }
  api_error failure() const {
    const auto spec = build_runtime_spec({config, host, daemon, facts});
    REQUIRE(spec.has_error());
    return spec.error();
  }
};

std::string namespaces_of(const json::object& spec) {
  std::string out;
  for (const auto& entry : spec.at("linux").as_object().at("namespaces").as_array()) {
    const auto& o = entry.as_object();
    out += text_of(o.if_contains("type"));
    if (const auto* path = o.if_contains("path"))
      out += "=" + text_of(path);
    out += ' ';
  }
  return out;
}

} // namespace

TEST_CASE("runtime_spec: namespaces of other containers are joined", "[protocol][container]") {
  plain c;
  c.host.network_mode = "container:X";
  c.host.pid_mode = "container:Y";
  c.host.ipc_mode = "container:Z";
  c.facts.namespaces = {
      .network = "/proc/1/ns/net", .pid = "/proc/2/ns/pid", .ipc = "/proc/3/ns/ipc"};
  c.facts.shm_directory = "/run/z/shm";
  c.facts.init_program = "/usr/bin/tini";
  const auto spec = c.build();
  CHECK(namespaces_of(spec) ==
        "mount network=/proc/1/ns/net uts pid=/proc/2/ns/pid ipc=/proc/3/ns/ipc ");
  // What belongs to the namespaces of others is theirs to set, and there is no init in them.
  CHECK_FALSE(spec.at("linux").as_object().contains("sysctl"));
  CHECK(spec.at("process").as_object().at("args") == json::value(json::array{"true"}));
  const auto& shm = spec.at("mounts").as_array().back().as_object();
  CHECK(shm.at("destination") == "/dev/shm");
  CHECK(shm.at("source") == "/run/z/shm");
}

TEST_CASE("runtime_spec: a network namespace of the daemon's making is joined",
          "[protocol][container]") {
  plain c;
  c.host.network_mode = "bridge";
  c.host.cgroupns_mode = "private";
  c.facts.namespaces.network = "/run/netns/x";
  const auto spec = c.build();
  CHECK(namespaces_of(spec) == "mount network=/run/netns/x uts pid ipc cgroup ");
  CHECK(spec.at("linux").as_object().contains("sysctl"));
}

TEST_CASE("runtime_spec: sysctls that the kernel does not have are not set",
          "[protocol][container]") {
  plain c;
  c.daemon.ping_group_range = false;
  CHECK(c.build().at("linux").as_object().at("sysctl") ==
        json::value{{"net.ipv4.ip_unprivileged_port_start", "0"}});
  c.daemon.unprivileged_port_start = false;
  CHECK_FALSE(c.build().at("linux").as_object().contains("sysctl"));
}

TEST_CASE("runtime_spec: annotations are handed on", "[protocol][container]") {
  plain c;
  c.host.annotations = string_map{{"org.example/a", "1"}};
  CHECK(c.build().at("annotations") == json::value{{"org.example/a", "1"}});
}

TEST_CASE("runtime_spec: a terminal has a size if one is known", "[protocol][container]") {
  plain c;
  c.host.console_size = {24, 80};
  CHECK_FALSE(c.build().at("process").as_object().contains("consoleSize"));
  c.config.tty = true;
  const auto process = c.build().at("process").as_object();
  CHECK(process.at("consoleSize") == json::value{{"height", 24}, {"width", 80}});
  c.host.console_size = {};
  CHECK_FALSE(c.build().at("process").as_object().contains("consoleSize"));
}

TEST_CASE("runtime_spec: control groups can be made writable", "[protocol][container]") {
  plain c;
  const auto options = [&] {
    const auto spec = c.build();
    for (const auto& mount : spec.at("mounts").as_array()) {
      if (mount.as_object().at("destination") == "/sys/fs/cgroup")
        return json::serialize(mount.as_object().at("options"));
    }
    return std::string{};
  };
  CHECK(options() == R"(["ro","nosuid","noexec","nodev"])");
  c.host.security_opt = {{"writable-cgroups=true"}};
  CHECK(options() == R"(["nosuid","noexec","nodev"])");
  c.host.privileged = true;
  c.host.security_opt = {{"writable-cgroups=false"}};
  CHECK(options() == R"(["ro","nosuid","noexec","nodev"])");
}

TEST_CASE("runtime_spec: default and privileged are what the daemon holds",
          "[protocol][container]") {
  plain c;
  c.daemon.capabilities = capability_set{0b11}; // CHOWN, DAC_OVERRIDE
  const auto bounding = [&] {
    return json::serialize(
        c.build().at("process").as_object().at("capabilities").as_object().at("bounding"));
  };
  CHECK(bounding() == R"(["CAP_CHOWN","CAP_DAC_OVERRIDE"])");
  c.host.privileged = true;
  CHECK(bounding() == R"(["CAP_CHOWN","CAP_DAC_OVERRIDE"])");
}

TEST_CASE("runtime_spec: AppArmor profiles are named where there is AppArmor",
          "[protocol][container]") {
  plain c;
  c.host.security_opt = {{"apparmor=mine"}};
  const auto profile = [&] {
    const auto process = c.build().at("process").as_object();
    return text_of(process.if_contains("apparmorProfile"));
  };
  CHECK(profile().empty());
  c.daemon.apparmor = true;
  CHECK(profile() == "mine");
  c.daemon.apparmor_profile = "docker-default";
  CHECK(profile() == "mine");
  c.host.security_opt.reset();
  CHECK(profile() == "docker-default");
  c.host.privileged = true;
  CHECK(profile() == "unconfined");
}

TEST_CASE("runtime_spec: the daemon's defaults hold unless the user says otherwise",
          "[protocol][container]") {
  plain c;
  c.daemon.no_new_privileges = true;
  c.daemon.seccomp_profile = "unconfined";
  auto spec = c.build();
  CHECK(spec.at("process").as_object().at("noNewPrivileges") == true);
  CHECK_FALSE(spec.at("linux").as_object().contains("seccomp"));
  c.host.security_opt = {{"no-new-privileges=false", "seccomp=builtin"}};
  spec = c.build();
  CHECK_FALSE(spec.at("process").as_object().contains("noNewPrivileges"));
  CHECK(spec.at("linux").as_object().contains("seccomp"));
}

TEST_CASE("runtime_spec: who is privileged has no filter but the one that was asked for",
          "[protocol][container]") {
  plain c;
  c.host.privileged = true;
  CHECK_FALSE(c.build().at("linux").as_object().contains("seccomp"));
  c.host.security_opt = {{R"(seccomp={"defaultAction":"SCMP_ACT_LOG"})"}};
  CHECK(c.build().at("linux").as_object().at("seccomp") ==
        json::value{{"defaultAction", "SCMP_ACT_LOG"}, {"syscalls", json::array{}}});
}

TEST_CASE(
    "runtime_spec: without seccomp in the kernel only a profile that was asked for is refused",
    "[protocol][container]") {
  plain c;
  c.daemon.seccomp = false;
  CHECK_FALSE(c.build().at("linux").as_object().contains("seccomp"));
  c.host.security_opt = {{"seccomp={}"}};
  CHECK(c.failure() ==
        api_error{errc::system,
                  "seccomp is not enabled in your kernel, cannot run a custom seccomp profile"});
}

TEST_CASE("runtime_spec: the thermal state of CPUs is masked with the other default paths",
          "[protocol][container]") {
  plain c;
  c.daemon.thermal_throttle_paths = {"/sys/devices/system/cpu/cpu0/thermal_throttle"};
  CHECK(c.build().at("linux").as_object().at("maskedPaths").as_array().back() ==
        "/sys/devices/system/cpu/cpu0/thermal_throttle");
}

TEST_CASE("runtime_spec: propagation of mounts reaches the root", "[protocol][container]") {
  plain c;
  c.facts.mounts = {
      {.source = "/s", .destination = "/d", .propagation = "rslave", .source_mount_point = "/"}};
  auto& mount = c.facts.mounts.front();
  CHECK(c.failure() ==
        api_error{errc::system, "path /s is mounted on / but it is not a shared or slave mount"});
  mount.source_propagation = mount_propagation::slave;
  CHECK(c.build().at("linux").as_object().at("rootfsPropagation") == "rslave");
  mount.propagation = "rshared";
  CHECK(c.failure() ==
        api_error{errc::system, "path /s is mounted on / but it is not a shared mount"});
  mount.source_propagation = mount_propagation::shared;
  CHECK(c.build().at("linux").as_object().at("rootfsPropagation") == "shared");
  mount.propagation = "rprivate";
  CHECK_FALSE(c.build().at("linux").as_object().contains("rootfsPropagation"));
  mount.propagation = "rslave";
  mount.optional_propagation = true;
  CHECK(c.build().at("linux").as_object().at("rootfsPropagation") == "rslave");
  mount.source_propagation = mount_propagation::none;
  CHECK_FALSE(c.build().at("linux").as_object().contains("rootfsPropagation"));
}

TEST_CASE("runtime_spec: what cannot be had is an error", "[protocol][container]") {
  struct bad {
    void (*ask)(plain&);
    api_error error;
  };
  const bad cases[] = {
      {[](plain& c) { c.host.security_opt = {{"foo"}}; },
       {errc::system, R"(invalid --security-opt 1: "foo")"}},
      {[](plain& c) { c.host.cap_add = {{"FOO"}}; },
       {errc::system, R"(invalid CapAdd: unknown capability: "CAP_FOO")"}},
      {[](plain& c) { c.host.resources.device_cgroup_rules = {{"x 1:3 rw"}}; },
       {errc::system, "invalid device cgroup rule format: 'x 1:3 rw'"}},
      {[](plain& c) {
         c.host.resources.blkio_device_read_bps = {{{"/dev/nope", 1}}};
       },
       {errc::system, "stat /dev/nope: no such file or directory"}},
      {[](plain& c) { c.host.resources.ulimits = {{{.name = "foo", .hard = 1, .soft = 1}}}; },
       {errc::system, "invalid ulimit type: foo"}},
      {[](plain& c) { c.host.security_opt = {{R"(seccomp={"x)"}}; },
       {errc::system, "Decoding seccomp profile failed: unexpected end of JSON input"}},
      {[](plain& c) {
         c.facts.mounts = {{.type = "tmpfs", .destination = "/t", .tmpfs_options = "foo"}};
       },
       {errc::system, R"(invalid tmpfs option ["foo"])"}},
  };
  for (const auto& one : cases) {
    plain c;
    one.ask(c);
    INFO(one.error.message);
    CHECK(c.failure() == one.error);
  }
}

TEST_CASE("runtime_spec: paths of control groups", "[protocol][container]") {
  CHECK(container_cgroups_path("", "ID", false) == "/docker/ID");
  CHECK(container_cgroups_path("/a/", "ID", false) == "/a/ID");
  CHECK(container_cgroups_path("a/../b", "ID", false) == "b/ID");
  CHECK(container_cgroups_path("", "ID", true) == "system.slice:docker:ID");
  CHECK(container_cgroups_path("my.slice", "ID", true) == "my.slice:docker:ID");
}

} // namespace gantry::container
