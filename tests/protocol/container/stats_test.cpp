#include "protocol/container/stats.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::container;
using namespace std::chrono_literals;

TEST_CASE("stats: a container that does not run", "[container]") {
  // As dockerd 20.10 shows it.
  const std::string cpu =
      R"({"cpu_usage":{"total_usage":0,"usage_in_kernelmode":0,"usage_in_usermode":0},)"
      R"("throttling_data":{"periods":0,"throttled_periods":0,"throttled_time":0}})";
  CHECK(write_stats("/web", "1f", {}) ==
        R"({"read":"0001-01-01T00:00:00Z","preread":"0001-01-01T00:00:00Z","pids_stats":{},)"
        R"("blkio_stats":{"io_service_bytes_recursive":null,"io_serviced_recursive":null,)"
        R"("io_queue_recursive":null,"io_service_time_recursive":null,)"
        R"("io_wait_time_recursive":null,"io_merged_recursive":null,)"
        R"("io_time_recursive":null,"sectors_recursive":null},"num_procs":0,)"
        R"("storage_stats":{},"cpu_stats":)" +
            cpu + R"(,"precpu_stats":)" + cpu +
            R"(,"memory_stats":{},"name":"/web","id":"1f"})"
            "\n");
}

TEST_CASE("stats: a container that runs", "[container]") {
  stats_sample before;
  before.read = {1767225600, 500'000'000, 0};
  before.cpu.usage.total = 1;
  before.cpu.system = 10;
  before.cpu.online = 2;
  stats_sample now;
  now.read = {1767225601, 1, 0};
  now.pids = {3, 50};
  now.block_io.service_bytes = {{{254, 0, "Read", 4096}, {254, 0, "Write", 8192}}};
  now.block_io.serviced.emplace();
  now.cpu = {{30, {10, 20}, 4, 5}, 18'446'744'073'709'551'615u, 2, {6, 7, 8}};
  now.memory = {100, 200, {{"cache", 1}, {"rss", 2}}, 3, 400};
  now.networks["eth0"] = {1, 2, 3, 4, 5, 6, 7, 8};
  CHECK(write_stats("/a\"b", "1f", now, before) ==
        R"({"read":"2026-01-01T00:00:01.000000001Z","preread":"2026-01-01T00:00:00.5Z",)"
        R"("pids_stats":{"current":3,"limit":50},)"
        R"("blkio_stats":{"io_service_bytes_recursive":[)"
        R"({"major":254,"minor":0,"op":"Read","value":4096},)"
        R"({"major":254,"minor":0,"op":"Write","value":8192}],)"
        R"("io_serviced_recursive":[],"io_queue_recursive":null,)"
        R"("io_service_time_recursive":null,"io_wait_time_recursive":null,)"
        R"("io_merged_recursive":null,"io_time_recursive":null,"sectors_recursive":null},)"
        R"("num_procs":0,"storage_stats":{},)"
        R"("cpu_stats":{"cpu_usage":{"total_usage":30,"percpu_usage":[10,20],)"
        R"("usage_in_kernelmode":4,"usage_in_usermode":5},)"
        R"("system_cpu_usage":18446744073709551615,"online_cpus":2,)"
        R"("throttling_data":{"periods":6,"throttled_periods":7,"throttled_time":8}},)"
        R"("precpu_stats":{"cpu_usage":{"total_usage":1,)"
        R"("usage_in_kernelmode":0,"usage_in_usermode":0},"system_cpu_usage":10,"online_cpus":2,)"
        R"("throttling_data":{"periods":0,"throttled_periods":0,"throttled_time":0}},)"
        R"("memory_stats":{"usage":100,"max_usage":200,"stats":{"cache":1,"rss":2},"failcnt":3,)"
        R"("limit":400},"name":"/a\"b","id":"1f",)"
        R"("networks":{"eth0":{"rx_bytes":1,"rx_packets":2,"rx_errors":3,"rx_dropped":4,)"
        R"("tx_bytes":5,"tx_packets":6,"tx_errors":7,"tx_dropped":8}}})"
        "\n");
}

TEST_CASE("stats: the machine's time between two close samples is the clock's", "[container]") {
  stats_sample before;
  stats_sample now;
  before.clock = 1s;
  before.cpu.system = 999;
  now.clock = 1s + 100ms;
  now.cpu.system = 5'000'000'000;
  now.cpu.online = 4;
  level_system_time(before, now);
  CHECK(before.cpu.system == 4'600'000'000);
  CHECK(now.cpu.system == 5'000'000'000);
  now.cpu.system = 7;
  level_system_time(before, now);
  CHECK(before.cpu.system == 0);
}
