#include "protocol/container/resources.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace gantry::container {
namespace {

// All but devices.
std::string limits_of(const host_config& host, int cgroup_version, const spec_facts& facts = {}) {
  daemon_facts daemon;
  daemon.cgroup_version = cgroup_version;
  auto spec = boost::json::parse(resources_json(host, daemon, facts).value()).as_object();
  spec.stable_erase("devices");
  return boost::json::serialize(spec);
}

std::string update_of(const container_resources& resources, int cgroup_version) {
  daemon_facts daemon;
  daemon.cgroup_version = cgroup_version;
  return update_json(resources, daemon);
}

} // namespace

TEST_CASE("resources: nothing asked for is nothing limited", "[protocol][container]") {
  CHECK(limits_of({}, 1) == "{}");
  CHECK(limits_of({}, 2) == "{}");
}

TEST_CASE("resources: nobody is asked for what he does not know", "[protocol][container]") {
  host_config host;
  auto& r = host.resources;
  r.memory = 64 << 20;
  r.memory_swap = 128 << 20;
  r.memory_swappiness = 10;
  r.oom_kill_disable = true;
  r.kernel_memory = 1 << 20;
  r.kernel_memory_tcp = 2 << 20;
  r.cpu_shares = 512;
  r.cpu_realtime_period = 10000;
  r.cpu_realtime_runtime = 1000;
  CHECK(limits_of(host, 1) ==
        R"({"memory":{"limit":67108864,"swap":134217728,"swappiness":10,)"
        R"("disableOOMKiller":true},)"
        R"("cpu":{"shares":512,"realtimeRuntime":1000,"realtimePeriod":10000}})");
  CHECK(limits_of(host, 2) ==
        R"({"memory":{"limit":67108864,"swap":134217728},"cpu":{"shares":512}})");
}

TEST_CASE("resources: -1 is no limit", "[protocol][container]") {
  host_config host;
  host.resources.memory = 64 << 20;
  host.resources.memory_swap = -1;
  host.resources.memory_swappiness = -1;
  host.resources.pids_limit = -1;
  CHECK(limits_of(host, 1) == R"({"memory":{"limit":67108864}})");
}

TEST_CASE("resources: nano CPUs become a quota", "[protocol][container]") {
  host_config host;
  host.resources.nano_cpus = 10'000'000; // a hundredth
  CHECK(limits_of(host, 2) == R"({"cpu":{"quota":1000,"period":100000}})");
  host.resources.nano_cpus = 1'999'999'999;
  CHECK(limits_of(host, 2) == R"({"cpu":{"quota":199999,"period":100000}})");
  host.resources.nano_cpus = 8'000'000'000'000'000; // more than fits if multiplied first
  CHECK(limits_of(host, 2) == R"({"cpu":{"quota":800000000000,"period":100000}})");
}

TEST_CASE("resources: block devices by their numbers", "[protocol][container]") {
  host_config host;
  spec_facts facts;
  facts.block_devices["/dev/sda"] = {8, 0};
  auto& r = host.resources;
  r.blkio_weight = 300;
  r.blkio_weight_device = {{{"/dev/sda", 200}}};
  r.blkio_device_write_iops = {{{"/dev/sda", 18446744073709551615u}}};
  CHECK(limits_of(host, 1, facts) ==
        R"({"blockIO":{"weight":300,"weightDevice":[{"major":8,"minor":0,"weight":200}],)"
        R"("throttleWriteIOPSDevice":[{"major":8,"minor":0,"rate":18446744073709551615}]}})");
  r.blkio_weight_device = {{{"/dev/sdb", 200}}};
  CHECK(resources_json(host, {}, facts).error() ==
        api_error{errc::not_found, "stat /dev/sdb: no such file or directory"});
}

TEST_CASE("resources: devices are under control as far as they can be", "[protocol][container]") {
  host_config host;
  spec_facts facts;
  facts.devices = {{.path = "/dev/fifo", .type = 'p'},
                   {.path = "/dev/none", .number = {1, 7}, .permissions = ""},
                   {.path = "/dev/sda", .type = 'b', .number = {8, 0}, .permissions = "r"}};
  const auto devices = [&] {
    const auto spec = boost::json::parse(resources_json(host, {}, facts).value());
    return spec.at("devices").as_array();
  };
  CHECK(devices().size() == default_device_rules().size() + 1);
  CHECK(boost::json::serialize(devices().back()) ==
        R"({"allow":true,"type":"b","major":8,"minor":0,"access":"r"})");
  host.resources.device_cgroup_rules = {{"a *:* r"}};
  CHECK(boost::json::serialize(devices().back()) == R"({"allow":true,"access":"r"})");
  host.privileged = true;
  CHECK(boost::json::serialize(devices()) == R"([{"allow":true,"access":"rwm"}])");
}

TEST_CASE("resources: an update names what is set, and lifts limits", "[protocol][container]") {
  container_resources r;
  CHECK(update_of(r, 1) == "{}");
  r.memory = 64 << 20;
  r.memory_swap = -1;
  r.oom_kill_disable = true;
  r.cpuset_cpus = "0";
  r.pids_limit = 0;
  r.blkio_weight = 500;
  CHECK(update_of(r, 1) == R"({"memory":{"limit":67108864,"swap":-1},"cpu":{"cpus":"0"},)"
                           R"("pids":{"limit":-1},"blockIO":{"weight":500}})");
  r = {};
  r.pids_limit = 7;
  CHECK(update_of(r, 2) == R"({"pids":{"limit":7}})");
}

} // namespace gantry::container
