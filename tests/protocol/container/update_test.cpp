#include "protocol/container/update.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::container;

namespace {

constexpr api::api_version today{1, 50};

update_request parsed(const std::string& body, api::api_version v = today) {
  auto request = parse_update_request(body, v);
  if (!request)
    FAIL(request.error().message);
  return *request;
}

std::string conflict(host_config config, const std::string& body) {
  const auto before = config;
  auto applied = apply_update(config, parsed(body));
  REQUIRE_FALSE(applied.has_value());
  CHECK(applied.error().kind == errc::conflict);
  CHECK(config == before);
  return applied.error().message;
}

} // namespace

TEST_CASE("update: resources and restart policy stand side by side", "[protocol][container]") {
  auto r = parsed(R"({"Memory":7,"CpuShares":2,"PidsLimit":-5,"BlkioWeight":11,)"
                  R"("BlkioDeviceReadBps":[{"Path":"/d","Rate":1}],)"
                  R"("RestartPolicy":{"Name":"always"}})");
  CHECK(r.resources.memory == 7);
  CHECK(r.resources.pids_limit == 0);
  CHECK(r.resources.blkio_weight == 11);
  CHECK_FALSE(r.resources.blkio_device_read_bps);
  CHECK(r.restart_policy.name == "always");
  CHECK_FALSE(parsed(R"({"PidsLimit":5})", {1, 39}).resources.pids_limit);
  CHECK(parsed("{}") == update_request{});
}

TEST_CASE("update: what is wrong with the body", "[protocol][container]") {
  CHECK(parse_update_request("", today).error().message ==
        "invalid JSON: got EOF while reading request body");
  CHECK(parse_update_request(R"({"Memory":"x"})", today).error().message ==
        "invalid JSON: json: cannot unmarshal string into Go struct field UpdateConfig.Memory of "
        "type int64");
  CHECK(parse_update_request(R"({"CpuShares":-1})", today).error().message ==
        "invalid CPU shares (-1): value must be a positive integer");
}

TEST_CASE("update: only what is said changes", "[protocol][container]") {
  host_config config;
  config.resources.memory = 10;
  config.resources.memory_swap = 20;
  config.resources.cpu_shares = 3;
  config.resources.pids_limit = 7;
  config.restart_policy = {"on-failure", 2};
  const auto before = config;
  REQUIRE(apply_update(config, parsed("{}")).has_value());
  CHECK(config == before);
  REQUIRE(apply_update(config, parsed(R"({"Memory":15,"CpusetCpus":"1","PidsLimit":0,)"
                                      R"("RestartPolicy":{"Name":"no"}})"))
              .has_value());
  CHECK(config.resources.memory == 15);
  CHECK(config.resources.memory_swap == 20);
  CHECK(config.resources.cpu_shares == 3);
  CHECK(config.resources.cpuset_cpus == "1");
  CHECK(config.resources.pids_limit == 0);
  CHECK(config.restart_policy == restart_policy{"no", 0});
}

TEST_CASE("update: what cannot be changed", "[protocol][container]") {
  host_config swap;
  swap.resources.memory_swap = 20;
  CHECK(conflict(swap, R"({"Memory":30})") ==
        "Memory limit should be smaller than already set memoryswap limit, update the memoryswap "
        "at the same time");
  host_config period;
  period.resources.cpu_period = 1000;
  CHECK(conflict(period, R"({"NanoCpus":1})") ==
        "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set");
  host_config quota;
  quota.resources.cpu_quota = 1000;
  CHECK(conflict(quota, R"({"NanoCpus":1})") ==
        "Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set");
  host_config nano;
  nano.resources.nano_cpus = 1;
  CHECK(conflict(nano, R"({"CpuPeriod":1000})") ==
        "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set");
  CHECK(conflict(nano, R"({"CpuQuota":1000})") ==
        "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set");
  host_config removed;
  removed.auto_remove = true;
  CHECK(conflict(removed, R"({"Memory":0,"RestartPolicy":{"Name":"always"}})") ==
        "Restart policy cannot be updated because AutoRemove is enabled for the container");
}
