#include "protocol/container/create_request.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::container;

namespace {

create_request parsed(const std::string& body) {
  auto request = parse_create_request(body);
  if (!request)
    FAIL(request.error().message);
  return *request;
}

std::string error_of(const std::string& body) {
  auto request = parse_create_request(body);
  REQUIRE_FALSE(request.has_value());
  CHECK(request.error().kind == errc::invalid_parameter);
  return request.error().message;
}

result<version_effects> adapt(create_request& request, unsigned minor, bool cgroup_v2 = false) {
  return adapt_to_version(request, {1, minor}, cgroup_v2);
}

std::string refused(const std::string& body, unsigned minor) {
  auto request = parsed(body);
  auto effects = adapt(request, minor);
  REQUIRE_FALSE(effects.has_value());
  CHECK(effects.error().kind == errc::invalid_parameter);
  return effects.error().message;
}

} // namespace

TEST_CASE("create_request: members of Config and HostConfig, names in any case",
          "[protocol][container]") {
  auto r = parsed(R"({"image":"bb","CMD":"true","Entrypoint":["a","b"],"hOSTcONFIG":)"
                  R"({"binds":["a:/b"],"CapAdd":"NET_ADMIN","Memory":7,"PidsLimit":null,)"
                  R"("BlkioWeight":10,"ConsoleSize":[24,80],"Init":false,"Unknown":{"x":1},)"
                  R"("PortBindings":{"80/tcp":[{"HostPort":"8080"}],"90/udp":null}},)"
                  R"("NetworkingConfig":{"EndpointsConfig":{"n":{"IPAMConfig":{"IPv4Address":)"
                  R"("10.0.0.2"}},"m":null}},"New":[1,2]})");
  CHECK(r.config.image == "bb");
  CHECK(r.config.cmd == std::vector<std::string>{"true"});
  CHECK(r.config.entrypoint == std::vector<std::string>{"a", "b"});
  CHECK(r.host_config.binds == std::vector<std::string>{"a:/b"});
  CHECK(r.host_config.cap_add == std::vector<std::string>{"NET_ADMIN"});
  CHECK(r.host_config.resources.memory == 7);
  CHECK(r.host_config.resources.blkio_weight == 10);
  CHECK(r.host_config.console_size == std::array<std::uint32_t, 2>{24, 80});
  CHECK(r.host_config.init == false);
  CHECK(r.host_config.port_bindings ==
        port_map{{"80/tcp", {{{"", "8080"}}}}, {"90/udp", std::nullopt}});
  CHECK(r.networking_config.endpoints.at("n")->ipam_config->ipv4_address == "10.0.0.2");
  CHECK_FALSE(r.networking_config.endpoints.at("m").has_value());
}

TEST_CASE("create_request: null is no value", "[protocol][container]") {
  auto r = parsed(R"({"Image":null,"Env":null,"Volumes":null,"HostConfig":null,)"
                  R"("NetworkingConfig":null})");
  CHECK(r.config.image.empty());
  CHECK_FALSE(r.config.env);
  CHECK_FALSE(r.config.volumes);
  CHECK_FALSE(r.host_config.port_bindings);
  CHECK(r.host_config.network_mode == "default");
  CHECK_FALSE(r.host_config.resources.devices);
  CHECK(parsed(R"({"Image":"x","HostConfig":{"Devices":[]}})").host_config.resources.devices ==
        std::vector<device_mapping>{});
}

TEST_CASE("create_request: a body without a Config is none", "[protocol][container]") {
  for (const char* body : {"{}", "null", R"({"HostConfig":{"Memory":1}})", R"({"Other":1})"})
    CHECK(error_of(body) == "config cannot be empty in order to create a container");
}

TEST_CASE("create_request: what is wrong with the JSON", "[protocol][container]") {
  CHECK(error_of("") == "invalid JSON: got EOF while reading request body");
  CHECK(error_of(" \n") == "invalid JSON: got EOF while reading request body");
  CHECK(error_of(R"({"Image":)") == "invalid JSON: unexpected end of JSON input");
  CHECK(error_of(R"({"Image":"x"} {})") == "unexpected content after JSON");
  CHECK(error_of("[]") == "invalid JSON: json: cannot unmarshal array into Go value of type "
                          "container.CreateRequest");
  CHECK(error_of(R"({"Env":5})") == "invalid JSON: json: cannot unmarshal number into Go struct "
                                    "field CreateRequest.Env of type []string");
}

TEST_CASE("create_request: values of the wrong type", "[protocol][container]") {
  auto wrong = [](const std::string& host_config) {
    auto text = error_of(R"({"Image":"x","HostConfig":)" + host_config + "}");
    const std::string prefix = "invalid JSON: json: cannot unmarshal ";
    REQUIRE(text.substr(0, prefix.size()) == prefix);
    return text.substr(prefix.size());
  };
  CHECK(wrong(R"({"Memory":"x"})") ==
        "string into Go struct field CreateRequest.HostConfig.Memory of type int64");
  CHECK(wrong(R"({"Memory":1.5})") ==
        "number into Go struct field CreateRequest.HostConfig.Memory of type int64");
  CHECK(wrong(R"({"BlkioWeight":70000})") ==
        "number into Go struct field CreateRequest.HostConfig.BlkioWeight of type uint16");
  CHECK(wrong(R"({"BlkioWeight":-1})") ==
        "number into Go struct field CreateRequest.HostConfig.BlkioWeight of type uint16");
  CHECK(wrong(R"({"Devices":{}})") ==
        "object into Go struct field CreateRequest.HostConfig.Devices "
        "of type []container.DeviceMapping");
  CHECK(wrong(R"({"Ulimits":[{"Name":1}]})") ==
        "number into Go struct field CreateRequest.HostConfig.Ulimits.Name of type string");
  CHECK(wrong(R"({"Privileged":"true"})") ==
        "string into Go struct field CreateRequest.HostConfig.Privileged of type bool");
}

TEST_CASE("create_request: the largest numbers", "[protocol][container]") {
  auto r = parsed(R"({"Image":"x","HostConfig":{"BlkioDeviceReadBps":[{"Path":"/d","Rate":)"
                  R"(18446744073709551615}],"Memory":9223372036854775807,"MemorySwap":-1}})");
  CHECK(r.host_config.resources.blkio_device_read_bps->front().rate == UINT64_MAX);
  CHECK(r.host_config.resources.memory == INT64_MAX);
  CHECK(r.host_config.resources.memory_swap == -1);
}

TEST_CASE("create_request: the default network is the bridge", "[protocol][container]") {
  auto r = parsed(R"({"Image":"x","NetworkingConfig":{"EndpointsConfig":{"default":)"
                  R"({"Aliases":["a"]}}}})");
  REQUIRE(adapt(r, 50).has_value());
  CHECK(r.host_config.network_mode == "bridge");
  CHECK(r.networking_config.endpoints.at("bridge")->aliases == std::vector<std::string>{"a"});
  CHECK(r.networking_config.endpoints.size() == 1);
}

TEST_CASE("create_request: what older versions do not know is dropped", "[protocol][container]") {
  const std::string body =
      R"({"Image":"x","Healthcheck":{"Test":["CMD","a"],"StartInterval":5000000},"HostConfig":)"
      R"({"AutoRemove":true,"ConsoleSize":[1,2],"Annotations":{"a":"b"},"KernelMemory":7000000,)"
      R"("Mounts":[{"Type":"bind","Source":"/a","Target":"/b","BindOptions":{"NonRecursive":true,)"
      R"("CreateMountpoint":true}}]},"NetworkingConfig":{"EndpointsConfig":{"n":{"GwPriority":3,)"
      R"("MacAddress":"02:42:ac:11:00:02"}}}})";
  struct row {
    unsigned minor;
    bool auto_remove, shareable, console, kernel_memory, annotations, start_interval, non_recursive,
        create_mountpoint, gw_priority, mac, ro_non_recursive;
  };
  for (const auto& row :
       {row{24, false, true, false, true, false, false, false, false, false, false, true},
        {25, true, true, false, true, false, false, false, false, false, false, true},
        {40, true, false, false, true, false, false, true, false, false, false, true},
        {42, true, false, true, false, false, false, true, true, false, false, true},
        {43, true, false, true, false, true, false, true, true, false, false, true},
        {44, true, false, true, false, true, true, true, true, false, true, false},
        {48, true, false, true, false, true, true, true, true, true, true, false}}) {
    INFO("API 1." << row.minor);
    auto r = parsed(body);
    auto effects = adapt(r, row.minor);
    REQUIRE(effects.has_value());
    const auto& host = r.host_config;
    const auto& mount = host.mounts->front();
    const auto& endpoint = *r.networking_config.endpoints.at("n");
    CHECK(host.auto_remove == row.auto_remove);
    CHECK((host.ipc_mode == "shareable") == row.shareable);
    CHECK((host.console_size[0] == 1) == row.console);
    CHECK((host.resources.kernel_memory != 0) == row.kernel_memory);
    CHECK(host.annotations.has_value() == row.annotations);
    CHECK((r.config.healthcheck->start_interval != 0) == row.start_interval);
    CHECK(mount.bind_options->non_recursive == row.non_recursive);
    CHECK(mount.bind_options->create_mountpoint == row.create_mountpoint);
    CHECK((endpoint.gw_priority != 0) == row.gw_priority);
    CHECK(!endpoint.mac_address.empty() == row.mac);
    CHECK(effects->read_only_non_recursive == row.ro_non_recursive);
  }
}

TEST_CASE("create_request: cgroup namespaces before 1.41 are the host's under cgroup version 1",
          "[protocol][container]") {
  auto v1 = parsed(R"({"Image":"x"})");
  REQUIRE(adapt(v1, 40).has_value());
  CHECK(v1.host_config.cgroupns_mode == "host");
  auto v2 = parsed(R"({"Image":"x"})");
  REQUIRE(adapt(v2, 40, true).has_value());
  CHECK(v2.host_config.cgroupns_mode.empty());
}

TEST_CASE("create_request: options of another type of mount", "[protocol][container]") {
  const std::string body = R"({"Image":"x","HostConfig":{"Mounts":[{"Type":"bind","Source":"/a",)"
                           R"("Target":"/b","VolumeOptions":{},"TmpfsOptions":{}}]}})";
  auto r = parsed(body);
  REQUIRE(adapt(r, 41).has_value());
  CHECK_FALSE(r.host_config.mounts->front().volume_options);
  CHECK_FALSE(r.host_config.mounts->front().tmpfs_options);
  CHECK(refused(body, 42) == "VolumeOptions must not be specified on mount type \"bind\"");
  CHECK(refused(R"({"Image":"x","HostConfig":{"Mounts":[{"Type":"tmpfs","BindOptions":{}}]}})",
                50) == "BindOptions must not be specified on mount type \"tmpfs\"");
}

TEST_CASE("create_request: what came with a later version is refused", "[protocol][container]") {
  CHECK(refused(R"({"Image":"x","HostConfig":{"Mounts":[{"Type":"volume","Source":"v",)"
                R"("VolumeOptions":{"Subpath":"a"}}]}})",
                44) == "VolumeOptions.Subpath needs API v1.45 or newer");
  CHECK(refused(R"({"Image":"x","HostConfig":{"Mounts":[{"Type":"image","Source":"v"}]}})", 47) ==
        "Mount type \"Image\" needs API v1.48 or newer");
  CHECK(refused(R"({"Image":"x","HostConfig":{"Mounts":[{"Type":"bind","BindOptions":)"
                R"({"ReadOnlyForceRecursive":true}}]}})",
                43) == "BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer");
  CHECK(refused(R"({"Image":"x","NetworkingConfig":{"EndpointsConfig":{"a":{},"b":{}}}})", 43) ==
        "Container cannot be created with multiple network endpoints: a, b");
}

TEST_CASE("create_request: no limit and no policy", "[protocol][container]") {
  auto r = parsed(R"({"Image":"x","HostConfig":{"PidsLimit":-1}})");
  REQUIRE(adapt(r, 50).has_value());
  CHECK_FALSE(r.host_config.resources.pids_limit);
  CHECK(r.host_config.restart_policy.name == "no");
}

TEST_CASE("create_request: the hardware address goes to the endpoint", "[protocol][container]") {
  const std::string mac = "02:42:ac:11:00:02";
  auto body = [&mac](const std::string& rest) {
    return R"({"Image":"x","MacAddress":")" + mac + "\"" + rest + "}";
  };
  auto old = parsed(body(""));
  CHECK(adapt(old, 43)->warnings.empty());
  CHECK(old.networking_config.endpoints.at("bridge")->mac_address == mac);
  CHECK(old.config.mac_address == mac);
  auto today = parsed(body(""));
  CHECK(adapt(today, 44)->warnings ==
        std::vector<std::string>{"The container-wide MacAddress field is now deprecated. It should "
                                 "be specified in EndpointsConfig instead."});
  CHECK(today.networking_config.endpoints.at("bridge")->mac_address == mac);

  CHECK(refused(body(R"(,"HostConfig":{"NetworkMode":"host"})"), 43) ==
        "conflicting options: mac-address and the network mode");
  auto on_host = parsed(body(R"(,"HostConfig":{"NetworkMode":"host"})"));
  CHECK(adapt(on_host, 44)->warnings.size() == 1);
  CHECK(on_host.config.mac_address.empty());
  CHECK(refused(body(R"(,"NetworkingConfig":{"EndpointsConfig":{"bridge":{"MacAddress":"x"}}})"),
                44) == "the container-wide MAC address must match the endpoint-specific MAC "
                       "address for the main network, or be left empty");
  CHECK(refused(body(R"(,"NetworkingConfig":{"EndpointsConfig":{"n":{}}})"), 44) ==
        "unable to migrate container-wide MAC address to a specific network: "
        "HostConfig.NetworkMode must match the identity of a network in "
        "NetworkSettings.Networks");
  auto own = parsed(R"({"Image":"x","HostConfig":{"NetworkMode":"n"},"NetworkingConfig":)"
                    R"({"EndpointsConfig":{"n":{"MacAddress":")" +
                    mac + R"("}}}})");
  CHECK(adapt(own, 44)->warnings.empty());
  CHECK(own.config.mac_address == mac);
}

TEST_CASE("create_request: a driver for all volumes says nothing of mounts",
          "[protocol][container]") {
  auto warnings = [](const std::string& mount, unsigned minor) {
    auto r = parsed(R"({"Image":"x","HostConfig":{"VolumeDriver":"d","Mounts":[)" + mount + "]}}");
    return adapt(r, minor)->warnings.size();
  };
  CHECK(warnings(R"({"Type":"volume","Target":"/a"})", 48) == 1);
  CHECK(warnings(R"({"Type":"volume","Target":"/a"})", 47) == 0);
  CHECK(warnings(R"({"Type":"tmpfs","Target":"/a"})", 48) == 0);
  CHECK(warnings(R"({"Type":"volume","VolumeOptions":{"DriverConfig":{"Name":"e"}}})", 48) == 0);
}
