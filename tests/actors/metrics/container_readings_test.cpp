#include "actors/metrics/container_readings.hpp"

#include "tests/actors/containers/stats_tree.hpp"
#include "tests/protocol/container/view_builder.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>

using namespace gantry;
using namespace gantry::metrics;
using namespace std::chrono_literals;

namespace {

using list_ptr = std::shared_ptr<const containers::published_list>;

/// Containers `web` (digit c, process `pid`) and `idle` (digit d).
list_ptr two_containers(std::int64_t pid) {
  auto web = container::make_view('c', "web");
  web.state.status = container::container_status::running;
  web.state.pid = pid;
  auto idle = container::make_view('d', "idle");
  auto list = std::make_shared<containers::published_list>();
  list->push_back(std::make_shared<const containers::published_container>(std::move(web)));
  list->push_back(std::make_shared<const containers::published_container>(std::move(idle)));
  return list;
}

const std::string cgroup_of_web = "/docker/" + std::string(64, 'c');

} // namespace

TEST_CASE("container_readings: cgroups of version 1", "[actors][metrics]") {
  test::stats_tree tree;
  auto files = test::v1_files();
  files["memory/memory.oom_control"] = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n";
  tree.put_v1(42, cgroup_of_web, files);
  container_readings readings{[] { return two_containers(42); }, tree.root()};
  const auto read = readings.read();
  REQUIRE(read.size() == 2);
  const auto& web = read[0].view;
  CHECK(web.id == std::string(64, 'c'));
  CHECK(web.name == "web");
  CHECK(web.image == "bb:1");
  CHECK(web.state == "running");
  CHECK(web.actor == 0);
  CHECK(web.pid == 42);
  CHECK(web.cpu == 658512312ns);
  CHECK(web.memory == 23236608 - 20971521);
  CHECK(web.memory_limit == 0);
  CHECK(web.pids == 2);
  CHECK(web.pressure.empty());
  CHECK(read[0].oom_kills == 3);
  inspect::container_view idle;
  idle.id = std::string(64, 'd');
  idle.name = "idle";
  idle.image = "bb:1";
  idle.state = "created";
  CHECK(read[1].view == idle);
}

TEST_CASE("container_readings: a cgroup of version 2, with pressure", "[actors][metrics]") {
  test::stats_tree tree;
  auto files = test::v2_files();
  files["memory.max"] = "67108864\n";
  files["cpu.pressure"] = "some avg10=12.50 avg60=1.00 avg300=0.10 total=2500000\n"
                          "full avg10=0.25 avg60=0.00 avg300=0.00 total=1000\n";
  files["io.pressure"] = "some avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
                         "full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n";
  tree.put_v2(42, cgroup_of_web, files);
  container_readings readings{[] { return two_containers(42); }, tree.root()};
  const auto web = readings.read().at(0);
  CHECK(web.view.cpu == 123'456'000ns);
  CHECK(web.view.memory == 4194304 - 1253376);
  CHECK(web.view.memory_limit == 67108864);
  CHECK(web.view.pids == 5);
  CHECK(web.view.pressure == std::vector<inspect::pressure_view>{{"cpu", 12.5, 0.25, 2500ms, 1ms},
                                                                 {"io", 0, 0, 7us, 5us}});
  CHECK(web.oom_kills == 1);
}

TEST_CASE("container_readings: a container that is restarted, ends or goes", "[actors][metrics]") {
  test::stats_tree tree;
  tree.put_v2(42, cgroup_of_web);
  auto now = two_containers(42);
  container_readings readings{[&now] { return now; }, tree.root()};
  CHECK(readings.read().at(0).view.cpu == 123'456'000ns);
  tree.put_v2(43, cgroup_of_web);
  now = two_containers(43);
  CHECK(readings.read().at(0).view.cpu == 123'456'000ns);
  // It has ended, and nobody has said so yet.
  now = two_containers(44);
  CHECK(readings.read().at(0).view.cpu == 0ns);
  now = two_containers(0);
  CHECK(readings.read().at(0).view.pids == 0);
  now = std::make_shared<const containers::published_list>();
  CHECK(readings.read().empty());
}
