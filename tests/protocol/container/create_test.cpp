#include "protocol/container/create.hpp"
#include "protocol/container/mount_point.hpp"

#include "captured_configs.hpp"
#include "create_cases.hpp"
#include "shown_json.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::container;

namespace {

constexpr api::api_version v1_41{1, 41};
constexpr api::api_version v1_50{1, 50};

// The host on which the cases were captured.
host_abilities captured_host() {
  host_abilities host;
  host.blkio_weight = false;
  host.blkio_weight_device = false;
  host.cpus = 2;
  host.cpuset_cpus = "0-1";
  host.cpuset_mems = "0";
  host.capabilities = all_capabilities;
  return host;
}

create_settings settings_with_networks() {
  create_settings settings;
  settings.networks = true;
  settings.hostname = "the-host";
  return settings;
}

result<bool> only_tmp(const std::string& path) { return path == "/tmp"; }

std::optional<std::string> no_container(std::string_view) { return std::nullopt; }

std::string with_image(const std::string& body) { return R"({"Image":"bb:1",)" + body.substr(1); }

const container_config& image_config() {
  static const auto image = [] {
    container_config c;
    c.cmd = {{"sh"}};
    c.env = {{"A=1", "B=2"}};
    c.exposed_ports = {{"80/tcp"}};
    c.volumes = {{"/data"}};
    c.working_dir = "/w";
    c.labels = {{{"x", "y"}}};
    return c;
  }();
  return image;
}

// All of create but for what needs other containers.
result<prepared_create> create(const std::string& body, api::api_version v,
                               const host_abilities& host = captured_host()) {
  auto settings = settings_with_networks();
  auto made = prepare_create(body, v, host, settings, only_tmp);
  if (!made)
    return made;
  auto command = complete_create(*made, &image_config(), host, settings, no_container);
  if (!command)
    return command.error();
  auto mounts = collect_mounts(made->request.host_config, made->request.config,
                               {made->read_only_non_recursive, {}},
                               [](const std::string& name) -> result<std::vector<mount_point>> {
                                 return api_error{errc::not_found, "No such container: " + name};
                               });
  if (!mounts)
    return mounts.error();
  return made;
}

void check(const create_case& c) {
  INFO(c.body);
  auto made = create(with_image(c.body), v1_41);
  if (!c.error.empty()) {
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().message == c.error);
    CHECK(made.error().kind == errc::invalid_parameter);
    return;
  }
  if (!made)
    FAIL(made.error().message);
  CHECK(made->warnings == c.warnings);
}

} // namespace

TEST_CASE("create: says what dockerd said", "[protocol][container]") {
  for (const auto& c : as_captured)
    check(c);
}

TEST_CASE("create: says what dockerd says today", "[protocol][container]") {
  for (const auto& c : as_today)
    check(c);
}

TEST_CASE("create: makes of a request what dockerd makes", "[protocol][container]") {
  namespace json = boost::json;
  for (const auto& captured : captured_configs) {
    INFO(captured.body);
    auto made = create(captured.body, v1_41);
    if (!made)
      FAIL(made.error().message);
    auto host = json::parse(shown_json(made->request.host_config)).as_object();
    if (host["MaskedPaths"].is_array() && host["MaskedPaths"].as_array().size() > 1)
      host["MaskedPaths"] = "default";
    CHECK(json::value(host) == json::parse(captured.host_config));
    CHECK(json::parse(shown_json(made->request.config)) == json::parse(captured.config));
  }
}

TEST_CASE("create: defaults are filled in", "[protocol][container]") {
  auto made = create(R"({"Image":"bb:1"})", v1_50);
  REQUIRE(made.has_value());
  const auto& host = made->request.host_config;
  CHECK(host.network_mode == "bridge");
  CHECK(host.ipc_mode == "private");
  CHECK(host.cgroupns_mode == "host");
  CHECK(host.shm_size == 67108864);
  CHECK(host.restart_policy.name == "no");
  CHECK(host.runtime == "runc");
  CHECK(host.log_config == log_config{"json-file", string_map{}});
  CHECK(host.resources.oom_kill_disable == false);
  CHECK_FALSE(host.resources.pids_limit);
  CHECK_FALSE(host.port_bindings);
  CHECK(host.masked_paths->front() == "/proc/asound");
  CHECK(host.readonly_paths->front() == "/proc/bus");
  CHECK(made->request.config.volumes == std::set<std::string>{"/data"});
}

TEST_CASE("create: cgroup version 2 changes what is private", "[protocol][container]") {
  auto host = captured_host();
  host.cgroup_v2 = true;
  host.oom_kill_disable = false;
  auto settings = settings_with_networks();
  auto made = prepare_create(R"({"Image":"x","Cmd":["a"],"HostConfig":{"Privileged":true}})", v1_50,
                             host, settings, only_tmp);
  REQUIRE(made.has_value());
  REQUIRE(complete_create(*made, nullptr, host, settings, no_container).has_value());
  CHECK(made->request.host_config.cgroupns_mode == "private");
  CHECK_FALSE(made->request.host_config.resources.oom_kill_disable);
  CHECK_FALSE(made->request.host_config.masked_paths);
}

TEST_CASE("create: a memory limit allows as much swap again", "[protocol][container]") {
  auto made = create(R"({"Image":"x","HostConfig":{"Memory":10485760}})", v1_50);
  REQUIRE(made.has_value());
  CHECK(made->request.host_config.resources.memory_swap == 20971520);
}

TEST_CASE("create: names of containers in modes become ids", "[protocol][container]") {
  auto with_modes = [](const char* modes) -> result<std::string> {
    auto host = captured_host();
    auto settings = settings_with_networks();
    auto made = prepare_create(R"({"Cmd":["a"],"HostConfig":)" + std::string{modes} + "}", v1_50,
                               host, settings, only_tmp);
    if (!made)
      return made.error();
    auto lookup = [](std::string_view name) -> std::optional<std::string> {
      if (name != "web")
        return std::nullopt;
      return "0123";
    };
    auto command = complete_create(*made, nullptr, host, settings, lookup);
    if (!command)
      return command.error();
    const auto& config = made->request.host_config;
    return config.network_mode + " " + config.pid_mode + " " + config.ipc_mode;
  };
  CHECK(*with_modes(R"({"NetworkMode":"container:web","PidMode":"container:web",)"
                    R"("IpcMode":"container:web"})") ==
        "container:0123 container:0123 container:0123");
  CHECK(*with_modes(R"({"NetworkMode":"container:gone"})") == "container:gone  private");
  for (const char* modes : {R"({"PidMode":"container:gone"})", R"({"IpcMode":"container:gone"})"})
    CHECK(with_modes(modes).error() ==
          api_error{errc::invalid_parameter, "No such container: gone"});
}

TEST_CASE("create: links need their containers, and a network", "[protocol][container]") {
  const auto linked = [](const std::string& mode, bool networks) -> result<prepared_create> {
    const auto host = captured_host();
    auto settings = settings_with_networks();
    settings.networks = networks;
    auto made = prepare_create(R"({"Cmd":["a"],"HostConfig":{"NetworkMode":")" + mode +
                                   R"(","Links":["db:store"]}})",
                               v1_50, host, settings, only_tmp);
    REQUIRE(made.has_value());
    const auto lookup = [&](std::string_view name) -> std::optional<std::string> {
      if (mode != "bridge" || name != "db")
        return std::nullopt;
      return "0123";
    };
    if (auto command = complete_create(*made, nullptr, host, settings, lookup); !command)
      return command.error();
    return made;
  };
  CHECK(
      linked("none", true).error() ==
      api_error{errc::invalid_parameter, "could not get container for db: No such container: db"});
  CHECK(linked("mine", true).has_value()); // where they are names only
  CHECK(linked("bridge", true)->request.host_config.links == string_list{{"db:store"}});
  const auto discarded = linked("bridge", false);
  CHECK_FALSE(discarded->request.host_config.links);
  CHECK(discarded->warnings.back() == "Links are discarded without a network.");
}

TEST_CASE("create: volumes of a container without an image are none", "[protocol][container]") {
  const auto host = captured_host();
  const auto settings = settings_with_networks();
  auto made = prepare_create(R"({"Cmd":["a"]})", v1_50, host, settings, only_tmp);
  REQUIRE(made.has_value());
  REQUIRE(complete_create(*made, nullptr, host, settings, no_container).has_value());
  CHECK(made->request.config.volumes == std::set<std::string>{});
}

TEST_CASE("create: a kernel without cgroup namespaces shares the host's", "[protocol][container]") {
  auto host = captured_host();
  host.cgroup_v2 = true;
  host.cgroup_namespaces = false;
  auto settings = settings_with_networks();
  for (const char* mode : {"", "private", "host"}) {
    INFO(mode);
    auto made = prepare_create(R"({"Cmd":["a"],"HostConfig":{"CgroupnsMode":")" +
                                   std::string{mode} + R"("}})",
                               v1_50, host, settings, only_tmp);
    REQUIRE(made.has_value());
    REQUIRE(complete_create(*made, nullptr, host, settings, no_container).has_value());
    CHECK(made->request.host_config.cgroupns_mode == "host");
    CHECK(made->warnings.size() == (std::string_view{mode} == "private" ? 1 : 0));
  }
}

TEST_CASE("create: a container is named after its id unless it shares the host's network",
          "[protocol][container]") {
  const std::string id = "0123456789abcdef";
  container_config own;
  own.hostname = "web";
  name_host(own, {}, id, settings_with_networks());
  CHECK(own.hostname == "web");
  container_config none;
  name_host(none, {}, id, settings_with_networks());
  CHECK(none.hostname == "0123456789ab");
  host_config on_host;
  on_host.network_mode = "host";
  container_config shared;
  name_host(shared, on_host, id, settings_with_networks());
  CHECK(shared.hostname == "the-host");
}

TEST_CASE("create: without networks there is a warning for what is missing",
          "[protocol][container]") {
  auto host = captured_host();
  create_settings settings;
  auto warnings_of = [&](const std::string& host_config) {
    auto made = prepare_create(R"({"Image":"x","HostConfig":)" + host_config + "}", v1_50, host,
                               settings, only_tmp);
    REQUIRE(made.has_value());
    return made->warnings;
  };
  const std::string only_loopback = "Network \"bridge\" is not available yet: the container has a "
                                    "network of its own with only the loopback interface.";
  CHECK(warnings_of("{}") == warning_list{only_loopback});
  CHECK(warnings_of(R"({"PublishAllPorts":true})") ==
        warning_list{only_loopback, "Published ports are discarded without a network."});
  CHECK(warnings_of(R"({"NetworkMode":"none"})").empty());
  CHECK(warnings_of(R"({"NetworkMode":"host"})").empty());
  CHECK(warnings_of(R"({"NetworkMode":"container:x"})").empty());
}

TEST_CASE("create: what a kernel cannot do is discarded with a warning", "[protocol][container]") {
  host_abilities host;
  host.memory_limit = host.swap_limit = host.memory_reservation = host.memory_swappiness = false;
  host.oom_kill_disable = host.pids_limit = host.cpu_shares = host.cpu_cfs = host.cpuset = false;
  host.blkio_weight = host.blkio_weight_device = host.blkio_read_bps = host.blkio_write_bps = false;
  host.blkio_read_iops = host.blkio_write_iops = false;
  container_resources r;
  r.memory = r.memory_reservation = 10'000'000;
  r.memory_swappiness = 10;
  r.oom_kill_disable = true;
  r.pids_limit = 5;
  r.cpu_shares = 2;
  r.cpu_quota = 2000;
  r.cpuset_cpus = "0";
  r.blkio_weight = 10;
  r.blkio_weight_device = {{"/dev/x", 10}};
  r.blkio_device_read_bps = r.blkio_device_write_bps = {{"/dev/x", 1}};
  r.blkio_device_read_iops = r.blkio_device_write_iops = {{"/dev/x", 1}};
  warning_list warnings;
  REQUIRE(check_resources(r, host, false, warnings).has_value());
  container_resources left;
  left.memory_swap = -1;
  left.blkio_weight_device.emplace();
  left.blkio_device_read_bps.emplace();
  left.blkio_device_write_bps.emplace();
  left.blkio_device_read_iops.emplace();
  left.blkio_device_write_iops.emplace();
  CHECK(r == left);
  CHECK(warnings.size() == 14);
  CHECK(warnings.front() == "Your kernel does not support memory limit capabilities or the cgroup "
                            "is not mounted. Limitation discarded.");
}

TEST_CASE("create: a limit for swap needs a kernel that has one", "[protocol][container]") {
  host_abilities host;
  host.swap_limit = false;
  container_resources r;
  r.memory = 10'000'000;
  warning_list warnings;
  REQUIRE(check_resources(r, host, false, warnings).has_value());
  CHECK(r.memory_swap == -1);
  CHECK(warnings == warning_list{"Your kernel does not support swap limit capabilities or the "
                                 "cgroup is not mounted. Memory limited without swap."});
}

TEST_CASE("create: sets of CPUs", "[protocol][container]") {
  CHECK(*is_cpuset_available("", "") == true);
  CHECK(*is_cpuset_available("0,2-3", "0-3") == true);
  CHECK(*is_cpuset_available("4", "0-3") == false);
  for (const char* text : {",", "0,", ",0", "-1", "1-", "2-1", "a", "0-1-2", " 0", "0x1"}) {
    INFO(text);
    auto checked = is_cpuset_available(text, "0-3");
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error().message == std::string{"invalid format: "} + text);
  }
  CHECK(is_cpuset_available("8193", "0").error().message == "value of out range, maximum is 8192");
}

TEST_CASE("create: several faults of networks come as a list", "[protocol][container]") {
  networking_config networks;
  auto& bridge = networks.endpoints["bridge"].emplace();
  bridge.aliases = {{"x"}};
  bridge.mac_address = "x";
  networks.endpoints["n"];
  auto checked = check_networks(networks);
  REQUIRE_FALSE(checked.has_value());
  CHECK(checked.error().message ==
        "* invalid config for network bridge: invalid endpoint settings:\n\t* network-scoped alias "
        "is supported only for containers in user defined networks\n\t* invalid MAC address x\n"
        "* invalid config for network n: EndpointsConfig is nil");
}

TEST_CASE("create: security options, storage options and cgroups of others",
          "[protocol][container]") {
  auto refused = [](const std::string& host_config) {
    auto made = create(R"({"Image":"x","HostConfig":)" + host_config + "}", v1_50);
    REQUIRE_FALSE(made.has_value());
    return made.error();
  };
  CHECK(refused(R"({"SecurityOpt":["foo"]})").message == "invalid --security-opt 1: \"foo\"");
  CHECK(refused(R"({"StorageOpt":{"size":"1G"}})") ==
        api_error{errc::system, "--storage-opt is supported only for overlay over xfs with "
                                "'pquota' mount option"});
  CHECK(refused(R"({"UsernsMode":"x"})").message == "invalid user namespace mode: x");
  CHECK(refused(R"({"Annotations":{"":"x"}})").message ==
        "invalid Annotations: the empty string is not permitted as an annotation key");
  CHECK(create(R"({"Image":"x","HostConfig":{"Cgroup":"container:x"}})", v1_50)->warnings ==
        warning_list{"Cgroup of another container is not supported. Setting discarded."});
}

// NOTE: where dockerd says nothing.
TEST_CASE("create: what was to confine it and is not here is told", "[protocol][container]") {
  auto host = captured_host();
  const auto told = [&](const std::string& options) {
    return create(R"({"Image":"x","HostConfig":{"SecurityOpt":[)" + options + "]}}", v1_50, host)
        ->warnings;
  };
  const warning_list no_profile{"Your kernel does not support AppArmor. Profile \"p\" discarded."};
  CHECK(told(R"("apparmor=p")") == no_profile);
  CHECK(told(R"("apparmor=unconfined","label=disable")").empty());
  CHECK(told(R"("label=type:t")") ==
        warning_list{"Labels of SELinux are not supported. Label \"type:t\" discarded."});
  host.apparmor = true;
  CHECK(told(R"("apparmor=p")").empty());
}

TEST_CASE("create: a capability that the daemon does not hold", "[protocol][container]") {
  auto host = captured_host();
  constexpr unsigned sys_resource = 24;
  host.capabilities.remove(sys_resource);
  auto made = prepare_create(R"({"Image":"x","HostConfig":{"CapAdd":["sys_resource"]}})", v1_50,
                             host, settings_with_networks(), only_tmp);
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().message == "invalid CapAdd: capability not supported by your kernel or not "
                                "available in the current environment: \"CAP_SYS_RESOURCE\"");
}

TEST_CASE("create: there are no drivers for devices", "[protocol][container]") {
  container_resources r;
  CHECK(check_device_requests(r).has_value());
  r.device_requests.emplace();
  CHECK(check_device_requests(r).has_value());
  r.device_requests->push_back({"nvidia", -1, {}, {{{"gpu", "x"}, {"y"}}}, {}});
  CHECK(check_device_requests(r).error() ==
        api_error{errc::system,
                  "could not select device driver \"nvidia\" with capabilities: [[gpu x] [y]]"});
}

TEST_CASE("create: the parent of cgroups under systemd is a slice", "[protocol][container]") {
  auto settings = settings_with_networks();
  settings.systemd_cgroups = true;
  auto host = captured_host();
  auto made = prepare_create(R"({"Image":"x","HostConfig":{"CgroupParent":"a"}})", v1_50, host,
                             settings, only_tmp);
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().message ==
        "cgroup-parent for systemd cgroup should be a valid slice named as \"xxx.slice\"");
  CHECK(prepare_create(R"({"Image":"x","HostConfig":{"CgroupParent":"a.slice"}})", v1_50, host,
                       settings, only_tmp)
            .has_value());
}
