#include "protocol/container/stats_files.hpp"
#include "tests/protocol/container/stats_texts.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace gantry::container;
using gantry::test::text_files;

namespace {

constexpr auto no_limit = std::numeric_limits<std::uint64_t>::max();

cgroup_reader reader_of(const text_files& files) {
  return [&files](std::string_view controller, std::string_view file) {
    std::string name{controller};
    const auto at = files.find((name.empty() ? name : name + '/').append(file));
    return at == files.end() ? std::string{} : at->second;
  };
}

stats_sample sample_v1(const text_files& files) {
  stats_sample sample;
  REQUIRE(read_cgroup_v1(reader_of(files), sample));
  return sample;
}

stats_sample sample_v2(const text_files& files) {
  stats_sample sample;
  REQUIRE(read_cgroup_v2(reader_of(files), sample));
  return sample;
}

} // namespace

TEST_CASE("stats_files: cgroups of version 1", "[container]") {
  const auto sample = sample_v1(gantry::test::v1_files());
  CHECK(sample.cpu.usage == cpu_usage{658512312, {346227709, 312379817}, 630'000'000, 20'000'000});
  CHECK(sample.cpu.throttling == cpu_throttling{66, 64, 2471257559});
  CHECK(sample.pids == pids_stats{2, 50});
  const auto& memory = sample.memory;
  CHECK(memory.usage == 23236608);
  CHECK(memory.max_usage == 23572480);
  CHECK(memory.fail_count == 7);
  CHECK(memory.limit == 9223372036854771712u);
  CHECK(memory.stats.size() == 32);
  CHECK(memory.stats.at("cache") == 20971520);
  CHECK(memory.stats.at("pgfault") == 34547);
  CHECK(memory.stats.at("total_pgfault") == 34548);
  CHECK(memory.stats.at("total_inactive_file") == 20971521);
  CHECK(memory.stats.at("hierarchical_memory_limit") == 9223372036854771712u);
  CHECK_FALSE(memory.stats.contains("shmem"));
  const auto& io = sample.block_io;
  REQUIRE(io.service_bytes);
  CHECK(*io.service_bytes == std::vector<block_io_entry>{{254, 0, "Read", 1195376640},
                                                         {254, 0, "Write", 1195614208},
                                                         {254, 0, "Sync", 3586367488},
                                                         {254, 0, "Async", 0},
                                                         {254, 0, "Discard", 1195376640},
                                                         {254, 0, "Total", 3586367488}});
  REQUIRE(io.serviced);
  CHECK(io.serviced->at(1) == block_io_entry{254, 0, "Write", 400});
  for (const auto* list :
       {&io.queued, &io.service_time, &io.wait_time, &io.merged, &io.time, &io.sectors}) {
    REQUIRE(*list);
    CHECK((*list)->empty());
  }
}

TEST_CASE("stats_files: block devices in the files that the I/O scheduler has", "[container]") {
  auto files = gantry::test::v1_files();
  files["blkio/blkio.io_service_bytes_recursive"] = "8:0 Read 1\n8:0 Total 1\nTotal 1\n";
  files["blkio/blkio.sectors_recursive"] = "8:0 77\n8:16 78\n";
  files.erase("blkio/blkio.throttle.io_serviced_recursive");
  SECTION("cfq") {
    const auto io = sample_v1(files).block_io;
    CHECK(*io.service_bytes == std::vector<block_io_entry>{{8, 0, "Read", 1}, {8, 0, "Total", 1}});
    CHECK(*io.sectors == std::vector<block_io_entry>{{8, 0, "", 77}, {8, 16, "", 78}});
    CHECK(io.serviced->empty());
  }
  SECTION("a kernel without the recursive ones") {
    files["blkio/blkio.throttle.io_serviced"] = "8:0 Read 3\n";
    CHECK(*sample_v1(files).block_io.serviced == std::vector<block_io_entry>{{8, 0, "Read", 3}});
  }
  SECTION("bfq alone") {
    files["blkio/blkio.bfq.io_serviced_recursive"] = "8:0 Read 4\nTotal 4\n";
    CHECK(*sample_v1(files).block_io.serviced == std::vector<block_io_entry>{{8, 0, "Read", 4}});
  }
}

TEST_CASE("stats_files: no limit in version 1", "[container]") {
  auto files = gantry::test::v1_files();
  files["pids/pids.max"] = "max\n";
  CHECK(sample_v1(files).pids == pids_stats{2, 0});
}

TEST_CASE("stats_files: a cgroup of version 2", "[container]") {
  const auto sample = sample_v2(gantry::test::v2_files());
  CHECK(sample.cpu.usage == cpu_usage{123'456'000, {}, 23'456'000, 100'000'000});
  CHECK(sample.cpu.throttling == cpu_throttling{10, 3, 4'500'000});
  CHECK(sample.pids == pids_stats{5, no_limit});
  const auto& memory = sample.memory;
  CHECK(memory.usage == 4194304);
  CHECK(memory.max_usage == 0);
  CHECK(memory.fail_count == 2);
  CHECK(memory.limit == no_limit);
  CHECK(memory.stats.size() == 31);
  CHECK(memory.stats.at("anon") == 811008);
  CHECK(memory.stats.at("inactive_file") == 1253376);
  CHECK(memory.stats.at("workingset_refault") == 21);
  CHECK(memory.stats.at("workingset_activate") == 3);
  CHECK_FALSE(memory.stats.contains("pagetables"));
  const auto& io = sample.block_io;
  REQUIRE(io.service_bytes);
  CHECK(*io.service_bytes == std::vector<block_io_entry>{{8, 16, "read", 1459200},
                                                         {8, 16, "write", 314773504},
                                                         {8, 0, "read", 90430464},
                                                         {8, 0, "write", 299008000}});
  CHECK_FALSE(io.serviced);
  CHECK_FALSE(io.sectors);
}

TEST_CASE("stats_files: limits and an older kernel in version 2", "[container]") {
  auto files = gantry::test::v2_files();
  files["memory.max"] = "67108864\n";
  files["pids.max"] = "100\n";
  files["memory.stat"] = "anon 1\nworkingset_refault 9\n";
  files["io.stat"] = "";
  const auto sample = sample_v2(files);
  CHECK(sample.memory.limit == 67108864);
  CHECK(sample.pids == pids_stats{5, 100});
  CHECK(sample.memory.stats.at("workingset_refault") == 9);
  CHECK(sample.memory.stats.at("file") == 0);
  CHECK_FALSE(sample.block_io.service_bytes);
}

TEST_CASE("stats_files: cgroups that have gone", "[container]") {
  const text_files none;
  stats_sample sample;
  CHECK_FALSE(read_cgroup_v1(reader_of(none), sample));
  CHECK_FALSE(read_cgroup_v2(reader_of(none), sample));
}

TEST_CASE("stats_files: what makes no sense counts as nothing", "[container]") {
  auto files = gantry::test::v1_files();
  files["cpuacct/cpuacct.usage"] = "-1\n";
  files["cpuacct/cpuacct.usage_percpu"] = "1 x 2\n";
  files["memory/memory.limit_in_bytes"] = "99999999999999999999999\n";
  files["blkio/blkio.throttle.io_service_bytes_recursive"] = "8 Read 1\n8:0 Read\n8:x Read 1\n:\n";
  files["cpu/cpu.stat"] = "nr_periods\nnr_throttled x\n\n throttled_time 5";
  const auto sample = sample_v1(files);
  CHECK(sample.cpu.usage.total == 0);
  CHECK(sample.cpu.usage.per_cpu == std::vector<std::uint64_t>{1});
  CHECK(sample.memory.limit == 0);
  CHECK(sample.block_io.service_bytes->empty());
  CHECK(sample.cpu.throttling == cpu_throttling{0, 0, 5});
  auto newer = gantry::test::v2_files();
  newer["io.stat"] = "8:0\n(unknown) rbytes=1\n8:16 rbytes= wbytes=x rios\n";
  CHECK(*sample_v2(newer).block_io.service_bytes ==
        std::vector<block_io_entry>{
            {8, 0, "read", 0}, {8, 0, "write", 0}, {8, 16, "read", 0}, {8, 16, "write", 0}});
}

TEST_CASE("stats_files: the machine's processors", "[container]") {
  cpu_stats cpu;
  read_system_cpu(gantry::test::proc_stat, cpu);
  CHECK(cpu.system == 120'421'410'000'000);
  CHECK(cpu.online == 2);
  read_system_cpu("cpu 1 2\ncpu0 1 2", cpu);
  CHECK(cpu.system == 30'000'000);
  CHECK(cpu.online == 1);
  read_system_cpu("", cpu);
  CHECK(cpu == cpu_stats{});
}

TEST_CASE("stats_files: the machine's memory", "[container]") {
  CHECK(total_memory("MemTotal:       24684084 kB\nMemFree:        1 kB\n") == 25276502016);
  CHECK(total_memory("MemFree: 1 kB\n") == 0);
}

TEST_CASE("stats_files: network interfaces", "[container]") {
  const auto networks = parse_network_devices(gantry::test::network_devices);
  CHECK(networks ==
        std::map<std::string, network_stats>{{"eth0", {2490257, 14406, 1, 2, 2795987, 9571, 7, 8}},
                                             {"eth1", {5, 6, 0, 0, 7, 8, 0, 0}}});
  CHECK(parse_network_devices("eth0: 1 2 3\n: 1\n\n").empty());
}

TEST_CASE("stats_files: pressure", "[container]") {
  CHECK(parse_pressure("some avg10=12.50 avg60=1.00 avg300=0.10 total=2500000\n"
                       "full avg10=0.25 avg60=0.00 avg300=0.00 total=1000\n") ==
        pressure_stats{12.5, 0.25, 2'500'000'000, 1'000'000});
  // Of processors there was no second line before Linux 5.13.
  CHECK(parse_pressure("some avg10=0.00 avg60=0.00 avg300=0.00 total=3\n") ==
        pressure_stats{0, 0, 3'000, 0});
  CHECK(parse_pressure("some\n") == pressure_stats{});
  CHECK(parse_pressure("some avg10= total=x\n") == pressure_stats{});
  for (const char* odd : {"", "\n", "full avg10=1.00 total=1\n", "Operation not supported\n"})
    CHECK_FALSE(parse_pressure(odd));
}

TEST_CASE("stats_files: few figures", "[container]") {
  auto first = gantry::test::v1_files();
  first["memory/memory.oom_control"] = "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n";
  cgroup_use use;
  use.cpu = 658512312;
  use.memory = 23236608 - 20971521;
  use.pids = 2;
  use.oom_kills = 2;
  CHECK(read_use_v1(reader_of(first)) == use);
  // Both versions side by side.
  first["cpu.pressure"] = "some avg10=1.00 avg60=0.00 avg300=0.00 total=3\n";
  first["memory/memory.limit_in_bytes"] = "67108864\n";
  use.pressure["cpu"] = {1, 0, 3'000, 0};
  use.memory_limit = 67108864;
  CHECK(read_use_v1(reader_of(first)) == use);

  use = {};
  use.cpu = 123'456'000;
  use.memory = 4194304 - 1253376;
  use.pids = 5;
  use.oom_kills = 1;
  CHECK(read_use_v2(reader_of(gantry::test::v2_files())) == use);
  const text_files nothing;
  CHECK_FALSE(read_use_v1(reader_of(nothing)));
  CHECK_FALSE(read_use_v2(reader_of(nothing)));
}
