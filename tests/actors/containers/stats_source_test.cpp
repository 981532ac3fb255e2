#include "actors/containers/stats_source.hpp"
#include "tests/actors/containers/stats_tree.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <string>

using namespace gantry;
using containers::stats_source;
using test::stats_tree;

namespace {

const std::string id_of_stats(64, 'c');
const std::string cgroup_of_stats = "/docker/" + id_of_stats;
constexpr std::uint64_t machine_memory = 25276502016;

} // namespace

TEST_CASE("stats_source: a container in cgroups of version 1", "[actors][containers]") {
  stats_tree tree;
  SECTION("in its own") { tree.put_v1(42, cgroup_of_stats); }
  SECTION("in one below") { tree.put_v1(42, cgroup_of_stats, test::v1_files(), "/init.scope"); }
  SECTION("in a part of the hierarchies") {
    tree.put_v1(42, cgroup_of_stats, test::v1_files(), "", "/outer");
  }
  SECTION("made by systemd") { tree.put_v1(42, "/system.slice/docker-" + id_of_stats + ".scope"); }
  stats_source source{id_of_stats, tree.root()};
  const auto sample = source.read_blocking(42);
  REQUIRE(sample);
  CHECK(sample->cpu.usage.total == 658512312);
  CHECK(sample->cpu.throttling.periods == 66);
  CHECK(sample->cpu.system == 120'421'410'000'000);
  CHECK(sample->cpu.online == 2);
  CHECK(sample->memory.usage == 23236608);
  CHECK(sample->memory.limit == machine_memory);
  CHECK(sample->pids == container::pids_stats{2, 50});
  CHECK(sample->block_io.service_bytes->size() == 6);
  CHECK(sample->networks.size() == 2);
  CHECK(sample->networks.at("eth0").rx_bytes == 2490257);
  CHECK(sample->read > oci::zero_instant);
}

TEST_CASE("stats_source: a container in a cgroup of version 2", "[actors][containers]") {
  stats_tree tree;
  SECTION("in its own") { tree.put_v2(42, cgroup_of_stats); }
  SECTION("in one below") { tree.put_v2(42, cgroup_of_stats, test::v2_files(), "/init.scope"); }
  stats_source source{id_of_stats, tree.root()};
  const auto sample = source.read_blocking(42);
  REQUIRE(sample);
  CHECK(sample->cpu.usage.total == 123'456'000);
  CHECK(sample->cpu.online == 2);
  CHECK(sample->memory.usage == 4194304);
  CHECK(sample->memory.limit == machine_memory);
  CHECK(sample->pids.current == 5);
  CHECK(sample->block_io.service_bytes->size() == 4);
  CHECK(sample->networks.size() == 2);
}

TEST_CASE("stats_source: a limit below the machine's memory is shown", "[actors][containers]") {
  stats_tree tree;
  auto files = test::v1_files();
  files["memory/memory.limit_in_bytes"] = "67108864\n";
  tree.put_v1(42, cgroup_of_stats, files);
  CHECK(stats_source{id_of_stats, tree.root()}.read_blocking(42)->memory.limit == 67108864);
}

TEST_CASE("stats_source: the host's network is not the container's", "[actors][containers]") {
  stats_tree tree;
  tree.put_v1(42, cgroup_of_stats);
  tree.share_network(42);
  CHECK(stats_source{id_of_stats, tree.root()}.read_blocking(42)->networks.empty());
}

TEST_CASE("stats_source: what does not run, or is another's, has nothing", "[actors][containers]") {
  stats_tree tree;
  tree.put_v1(42, cgroup_of_stats);
  CHECK_FALSE(stats_source{id_of_stats, tree.root()}.read_blocking(43));
  CHECK_FALSE(stats_source{std::string(64, 'd'), tree.root()}.read_blocking(42));
  CHECK_FALSE(stats_source{id_of_stats, tree.root() + "/nothing"}.read_blocking(42));
  stats_source source{id_of_stats, tree.root()};
  REQUIRE(source.read_blocking(42));
  tree.end(42);
  CHECK_FALSE(source.read_blocking(42));
  SECTION("until it runs again") {
    tree.put_v2(44, cgroup_of_stats);
    CHECK(source.read_blocking(44)->cpu.usage.total == 123'456'000);
  }
}

TEST_CASE("stats_source: the real files of this process hold no container",
          "[actors][containers]") {
  CHECK_FALSE(stats_source{id_of_stats}.read_blocking(::getpid()));
}
