#include "actors/host/process_cgroups.hpp"

#include <catch2/catch.hpp>

using namespace gantry::host;

TEST_CASE("process_cgroups: lines of /proc/PID/cgroup", "[host]") {
  const auto cgroups = parse_process_cgroups("9:name=systemd:/\n4:cpu,cpuacct:/docker/1f\n"
                                             "x\n5:y\n\n0::/a:b");
  REQUIRE(cgroups.size() == 3);
  CHECK(cgroups[0].controllers == "name=systemd");
  CHECK(cgroups[0].path == "/");
  CHECK(cgroups[1].controllers == "cpu,cpuacct");
  CHECK(cgroups[1].path == "/docker/1f");
  CHECK(cgroups[2].controllers.empty());
  CHECK(cgroups[2].path == "/a:b");
}

TEST_CASE("process_cgroups: a controller is in a list as a whole word", "[host]") {
  CHECK(has_controller("cpu,cpuacct", "cpu"));
  CHECK(has_controller("cpu,cpuacct", "cpuacct"));
  CHECK(has_controller("rw,memory", "memory"));
  CHECK_FALSE(has_controller("cpuset,cpuacct", "cpu"));
  CHECK_FALSE(has_controller("", "cpu"));
}
