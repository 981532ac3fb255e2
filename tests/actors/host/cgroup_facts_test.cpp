#include "actors/host/cgroup_facts.hpp"

#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

using namespace gantry::host;
using gantry::test::temp_dir;

namespace {

const std::string v1_mounts =
    "20 1 0:19 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
    "25 20 0:22 / /sys/fs/cgroup ro,nosuid shared:8 - tmpfs tmpfs ro,mode=755\n"
    "27 25 0:24 / /sys/fs/cgroup/systemd rw shared:10 - cgroup cgroup rw,xattr,name=systemd\n"
    "30 25 0:27 / /sys/fs/cgroup/cpu,cpuacct rw shared:13 - cgroup cgroup rw,cpu,cpuacct\n"
    "31 25 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "32 25 0:29 / /sys/fs/cgroup/my\\040sets rw shared:1 master:2 - cgroup cgroup rw,cpuset\n"
    "33 25 0:30 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
    "34 25 0:31 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n";

void make_v1(const temp_dir& dir) {
  dir.write("proc/self/mountinfo", v1_mounts);
  for (const char* file :
       {"memory/memory.limit_in_bytes", "memory/memory.memsw.limit_in_bytes",
        "memory/memory.soft_limit_in_bytes", "memory/memory.swappiness",
        "memory/memory.oom_control", "cpu,cpuacct/cpu.shares", "cpu,cpuacct/cpu.cfs_period_us",
        "cpu,cpuacct/cpu.cfs_quota_us", "my sets/cpuset.cpus", "blkio/blkio.bfq.weight"})
    dir.write(std::string{"sys/fs/cgroup/"} + file, "");
}

const std::string v2_mounts =
    "20 1 0:19 / /sys rw - sysfs sysfs rw\n"
    "25 20 0:22 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";

} // namespace

TEST_CASE("cgroup_facts: version 1 with everything", "[host]") {
  temp_dir dir;
  make_v1(dir);
  auto facts = read_cgroup_facts(dir.path());
  CHECK(facts.version == 1);
  CHECK(facts.driver == "cgroupfs");
  CHECK_FALSE(facts.systemd);
  CHECK(facts.memory_limit);
  CHECK(facts.swap_limit);
  CHECK(facts.memory_reservation);
  CHECK(facts.memory_swappiness);
  CHECK(facts.oom_kill_disable);
  CHECK(facts.cpu_shares);
  CHECK(facts.cpu_cfs_period);
  CHECK(facts.cpu_cfs_quota);
  CHECK(facts.cpuset);
  CHECK(facts.pids_limit);
  CHECK(facts.blkio_weight);
}

TEST_CASE("cgroup_facts: version 1 under systemd keeps Docker's default driver", "[host]") {
  temp_dir dir;
  make_v1(dir);
  dir.write("run/systemd/system/x", "");
  auto facts = read_cgroup_facts(dir.path());
  CHECK(facts.systemd);
  CHECK(facts.driver == "cgroupfs");
}

TEST_CASE("cgroup_facts: version 1 without swap accounting and without some controllers",
          "[host]") {
  temp_dir dir;
  dir.write("proc/self/mountinfo",
            "31 25 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\nbroken - line\n\n");
  dir.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "");
  auto facts = read_cgroup_facts(dir.path());
  CHECK(facts.version == 1);
  CHECK(facts.memory_limit);
  CHECK_FALSE(facts.swap_limit);
  CHECK_FALSE(facts.oom_kill_disable);
  CHECK_FALSE(facts.cpu_shares);
  CHECK_FALSE(facts.cpuset);
  CHECK_FALSE(facts.pids_limit);
}

TEST_CASE("cgroup_facts: hybrid counts as version 1", "[host]") {
  temp_dir dir;
  make_v1(dir);
  dir.write("proc/self/mountinfo",
            v1_mounts + "40 25 0:40 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  dir.write("sys/fs/cgroup/unified/cgroup.controllers", "hugetlb\n");
  auto facts = read_cgroup_facts(dir.path());
  CHECK(facts.version == 1);
  CHECK(facts.memory_limit);
}

TEST_CASE("cgroup_facts: version 2", "[host]") {
  temp_dir dir;
  dir.write("proc/self/mountinfo", v2_mounts);
  dir.write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory hugetlb pids rdma\n");
  dir.write("proc/self/cgroup", "0::/user.slice/x\n");
  SECTION("with all that Docker uses") {
    dir.write("run/systemd/system/x", "");
    dir.write("sys/fs/cgroup/user.slice/x/memory.swap.max", "max\n");
    auto facts = read_cgroup_facts(dir.path());
    CHECK(facts.version == 2);
    CHECK(facts.driver == "cgroupfs"); // the runtime is not told to ask systemd
    CHECK(facts.memory_limit);
    CHECK(facts.memory_reservation);
    CHECK(facts.swap_limit);
    CHECK(facts.cpu_shares);
    CHECK(facts.cpu_cfs_period);
    CHECK(facts.cpu_cfs_quota);
    CHECK(facts.cpuset);
    CHECK(facts.pids_limit);
    CHECK(facts.blkio_weight);
    CHECK_FALSE(facts.oom_kill_disable); // version 2 has no such thing
    CHECK_FALSE(facts.memory_swappiness);
  }
  SECTION("in the root group swap is seen on a neighbour") {
    dir.write("proc/self/cgroup", "0::/\n");
    dir.write("sys/fs/cgroup/init.scope/memory.swap.max", "max\n");
    CHECK(read_cgroup_facts(dir.path()).swap_limit);
  }
  SECTION("without swap, without systemd") {
    auto facts = read_cgroup_facts(dir.path());
    CHECK_FALSE(facts.swap_limit);
    CHECK(facts.driver == "cgroupfs");
  }
  SECTION("with few controllers; names count whole") {
    dir.write("sys/fs/cgroup/cgroup.controllers", "cpuset xcpu pids\n");
    auto facts = read_cgroup_facts(dir.path());
    CHECK_FALSE(facts.memory_limit);
    CHECK_FALSE(facts.cpu_shares);
    CHECK(facts.cpuset);
    CHECK(facts.pids_limit);
  }
}

TEST_CASE("cgroup_facts: a later mount hides the one below", "[host]") {
  temp_dir dir;
  dir.write("proc/self/mountinfo", v2_mounts + "26 25 0:50 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n");
  CHECK(read_cgroup_facts(dir.path()).version == 0);
}

TEST_CASE("cgroup_facts: none at all", "[host]") {
  temp_dir dir;
  auto facts = read_cgroup_facts(dir.path());
  CHECK(facts.version == 0);
  CHECK(facts.driver == "cgroupfs");
  CHECK_FALSE(facts.memory_limit);
}

TEST_CASE("cgroup_facts: of this machine", "[host]") {
  auto facts = read_cgroup_facts();
  CHECK(facts.version >= 0);
  CHECK(facts.version <= 2);
  CHECK(facts.driver == "cgroupfs");
}
