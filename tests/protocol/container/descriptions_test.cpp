#include "shown_json.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::container;

namespace {

// A HostConfig as dockerd shows it, every member set, `<>&` as they are.
const std::string full =
    R"({"Binds":["a:/b","/c:/d:ro"],"ContainerIDFile":"/f","LogConfig":{"Type":"json-file",)"
    R"("Config":{"max-size":"1m"}},"NetworkMode":"none","PortBindings":{"80/tcp":[{"HostIp":"",)"
    R"("HostPort":"8080"}],"90/udp":null},"RestartPolicy":{"Name":"on-failure",)"
    R"("MaximumRetryCount":3},"AutoRemove":true,"VolumeDriver":"local","VolumesFrom":["x:ro"],)"
    R"("ConsoleSize":[24,80],"Annotations":{"a":"<&>"},"CapAdd":["NET_ADMIN"],"CapDrop":[],)"
    R"("CgroupnsMode":"host","Dns":["1.1.1.1"],"DnsOptions":[],"DnsSearch":[],)"
    R"("ExtraHosts":["a:1.2.3.4"],"GroupAdd":["g"],"IpcMode":"private","Cgroup":"c",)"
    R"("Links":["l:m"],"OomScoreAdj":-5,"PidMode":"host","Privileged":true,)"
    R"("PublishAllPorts":true,"ReadonlyRootfs":true,"SecurityOpt":["seccomp=unconfined"],)"
    R"("StorageOpt":{"size":"1G"},"Tmpfs":{"/t6":"size=1m"},"UTSMode":"host",)"
    R"("UsernsMode":"host","ShmSize":67108864,"Sysctls":{"net.ipv4.ip_forward":"1"},)"
    R"("Runtime":"runc","Isolation":"default","CpuShares":2,"Memory":10485760,)"
    R"("NanoCpus":500000000,"CgroupParent":"/p","BlkioWeight":10,)"
    R"("BlkioWeightDevice":[{"Path":"/dev/x","Weight":20}],)"
    R"("BlkioDeviceReadBps":[{"Path":"/dev/x","Rate":18446744073709551615}],)"
    R"("BlkioDeviceWriteBps":[],"BlkioDeviceReadIOps":null,)"
    R"("BlkioDeviceWriteIOps":[{"Path":"/dev/y","Rate":1}],"CpuPeriod":1000,"CpuQuota":2000,)"
    R"("CpuRealtimePeriod":1,"CpuRealtimeRuntime":2,"CpusetCpus":"0-1","CpusetMems":"0",)"
    R"("Devices":[{"PathOnHost":"/dev/null","PathInContainer":"/dev/n",)"
    R"("CgroupPermissions":"rwm"}],"DeviceCgroupRules":["c 1:3 rwm"],)"
    R"("DeviceRequests":[{"Driver":"","Count":-1,"DeviceIDs":null,)"
    R"("Capabilities":[["gpu","x"],[]],"Options":{}}],"KernelMemory":7,"KernelMemoryTCP":8,)"
    R"("MemoryReservation":9,"MemorySwap":-1,"MemorySwappiness":0,"OomKillDisable":false,)"
    R"("PidsLimit":100,"Ulimits":[{"Name":"nofile","Hard":20,"Soft":10}],"CpuCount":1,)"
    R"("CpuPercent":2,"IOMaximumIOps":3,"IOMaximumBandwidth":4,)"
    R"("Mounts":[{"Type":"volume","Source":"v3","Target":"/m3","ReadOnly":true,)"
    R"("VolumeOptions":{"NoCopy":true,"Labels":{"a":"b"},"Subpath":"s","DriverConfig":)"
    R"({"Name":"local","Options":{"o":"p"}}}},{"Type":"bind","Source":"/tmp","Target":"/m4",)"
    R"("Consistency":"cached","BindOptions":{"Propagation":"rslave","NonRecursive":true,)"
    R"("CreateMountpoint":true,"ReadOnlyNonRecursive":true,"ReadOnlyForceRecursive":true}},)"
    R"({"Type":"tmpfs","Target":"/t5","TmpfsOptions":{"SizeBytes":1048576,"Mode":1016,)"
    R"("Options":[["exec"],["k","v"]]}},{"Type":"image","Source":"i","Target":"/i",)"
    R"("ImageOptions":{"Subpath":"s"}},{"Type":"cluster","ClusterOptions":{}}],)"
    R"("MaskedPaths":["/proc/asound"],"ReadonlyPaths":[],"Init":false})";

// One of which nothing was said.
const std::string empty =
    R"({"Binds":null,"ContainerIDFile":"","LogConfig":{"Type":"","Config":null},)"
    R"("NetworkMode":"","PortBindings":null,"RestartPolicy":{"Name":"","MaximumRetryCount":0},)"
    R"("AutoRemove":false,"VolumeDriver":"","VolumesFrom":null,"ConsoleSize":[0,0],"CapAdd":null,)"
    R"("CapDrop":null,"CgroupnsMode":"","Dns":null,"DnsOptions":null,"DnsSearch":null,)"
    R"("ExtraHosts":null,"GroupAdd":null,"IpcMode":"","Cgroup":"","Links":null,"OomScoreAdj":0,)"
    R"("PidMode":"","Privileged":false,"PublishAllPorts":false,"ReadonlyRootfs":false,)"
    R"("SecurityOpt":null,"UTSMode":"","UsernsMode":"","ShmSize":0,"Isolation":"","CpuShares":0,)"
    R"("Memory":0,"NanoCpus":0,"CgroupParent":"","BlkioWeight":0,"BlkioWeightDevice":null,)"
    R"("BlkioDeviceReadBps":null,"BlkioDeviceWriteBps":null,"BlkioDeviceReadIOps":null,)"
    R"("BlkioDeviceWriteIOps":null,"CpuPeriod":0,"CpuQuota":0,"CpuRealtimePeriod":0,)"
    R"("CpuRealtimeRuntime":0,"CpusetCpus":"","CpusetMems":"","Devices":null,)"
    R"("DeviceCgroupRules":null,"DeviceRequests":null,"MemoryReservation":0,"MemorySwap":0,)"
    R"("MemorySwappiness":null,"OomKillDisable":null,"PidsLimit":null,"Ulimits":null,)"
    R"("CpuCount":0,"CpuPercent":0,"IOMaximumIOps":0,"IOMaximumBandwidth":0,"MaskedPaths":null,)"
    R"("ReadonlyPaths":null})";

result<host_config> read_host_config(std::string_view json) {
  return read_json<host_config>(json, "HostConfig");
}

} // namespace

TEST_CASE("descriptions: comes out as it came in", "[protocol][container]") {
  auto config = read_host_config(full);
  REQUIRE(config.has_value());
  CHECK(shown_json(*config) == full);
  CHECK(config->resources.device_requests->front().capabilities->front().size() == 2);
  CHECK(config->mounts->at(2).tmpfs_options->mode == 01770);
}

TEST_CASE("descriptions: one that says nothing", "[protocol][container]") {
  CHECK(shown_json(host_config{}) == empty);
  CHECK(*read_host_config(empty) == host_config{});
  CHECK(*read_host_config("{}") == host_config{});
}

TEST_CASE("descriptions: what is wrong with it", "[protocol][container]") {
  auto wrong = read_host_config(R"({"Tmpfs":[]})");
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error() == api_error{errc::invalid_parameter,
                                   "json: cannot unmarshal array into Go struct field "
                                   "HostConfig.Tmpfs of type map[string]string"});
}

TEST_CASE("descriptions: a Config comes back", "[protocol][container]") {
  container_config config;
  config.env = {{"A=<b>&"}};
  config.cmd = {{"\\u003c", "\"<\""}};
  config.volumes = {{"/data"}};
  auto text = shown_json(config);
  CHECK(text.find(R"("Env":["A=<b>&"],"Cmd":["\\u003c","\"<\""])") != text.npos);
  CHECK(*read_json<container_config>(text, "Config") == config);
  CHECK(read_json<container_config>(R"({"Env":1})", "Config").error().message ==
        "json: cannot unmarshal number into Go struct field Config.Env of type []string");
}

TEST_CASE("descriptions: endpoints", "[protocol][container]") {
  endpoint_map endpoints;
  auto& n = endpoints["n"];
  n.ipam_config = endpoint_ipam{"10.0.0.2", "", {}};
  n.aliases = {{"a"}};
  n.ip_prefix_len = 24;
  const std::string text =
      R"({"n":{"IPAMConfig":{"IPv4Address":"10.0.0.2"},"Links":null,"Aliases":["a"],)"
      R"("MacAddress":"","DriverOpts":null,"GwPriority":0,"NetworkID":"","EndpointID":"",)"
      R"("Gateway":"","IPAddress":"","IPPrefixLen":24,"IPv6Gateway":"","GlobalIPv6Address":"",)"
      R"("GlobalIPv6PrefixLen":0,"DNSNames":null}})";
  CHECK(shown_json(endpoints) == text);
  CHECK(*read_json<endpoint_map>(text, "EndpointsConfig") == endpoints);
}

TEST_CASE("json_fields: only escapes of <>& are undone", "[protocol][container]") {
  auto plain = [](std::string text) {
    container::detail::unescape_html(text);
    return text;
  };
  CHECK(plain("") == "");
  CHECK(plain(R"("a")") == R"("a")");
  CHECK(plain(R"("\u003ca\u003e\u0026")") == R"("<a>&")");
  CHECK(plain(R"("\\u003c")") == R"("\\u003c")");
  CHECK(plain(R"("\\\u003c")") == R"("\\<")");
  CHECK(plain(R"("\u2028\n\"\u003d")") == R"("\u2028\n\"\u003d")");
}
