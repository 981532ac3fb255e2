#include "actors/containers/container_host.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

using namespace gantry;
using namespace gantry::containers;
using gantry::test::temp_dir;
namespace fs = std::filesystem;

namespace {

/// A machine with version 1, as an older Ubuntu has it, and a daemon in a service of systemd.
void write_v1(const temp_dir& dir) {
  dir.write("proc/self/mountinfo",
            "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
            "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
            "33 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
            "34 31 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
            "35 31 0:32 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n"
            "36 31 0:33 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
            "37 31 0:34 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  dir.write("proc/self/cgroup", "9:name=systemd:/system.slice/gantry.service\n"
                                "8:memory:/system.slice/gantry.service\n"
                                "4:blkio:/\n"
                                "3:cpuset:/\n"
                                "1:cpu,cpuacct:/system.slice/gantry.service\n"
                                "0::/system.slice/gantry.service\n");
  for (const char* name : {"cpu,cpuacct", "cpuset", "memory", "blkio", "systemd"})
    dir.write(std::string{"sys/fs/cgroup/"} + name + "/cgroup.procs", "");
  for (const char* name : {"cpu,cpuacct/cpu.shares", "cpu,cpuacct/cpu.cfs_period_us",
                           "cpu,cpuacct/cpu.cfs_quota_us", "cpu,cpuacct/cpu.rt_period_us",
                           "memory/memory.limit_in_bytes", "blkio/blkio.throttle.read_bps_device"})
    dir.write(std::string{"sys/fs/cgroup/"} + name, "1\n");
  dir.write("sys/fs/cgroup/cpuset/cpuset.cpus", "0-3\n");
  dir.write("sys/fs/cgroup/cpuset/cpuset.mems", "0\n");
}

void write_v2(const temp_dir& dir, const std::string& own) {
  dir.write("proc/self/mountinfo", "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  dir.write("proc/self/cgroup", "0::" + own + "\n");
  dir.write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
  dir.write("sys/fs/cgroup/cpuset.cpus.effective", "0-1\n");
  dir.write("sys/fs/cgroup/cpuset.mems.effective", "0\n");
  dir.write("sys/fs/cgroup/gantry-monitors/cgroup.procs", ""); // as the kernel would make it
}

} // namespace

TEST_CASE("container_host: cgroup version 1", "[actors][containers]") {
  const temp_dir dir;
  write_v1(dir);
  const auto host = probe_container_host(dir.path());
  CHECK_FALSE(host.abilities.cgroup_v2);
  CHECK(host.facts.cgroup_version == 1);
  CHECK(host.abilities.memory_limit);
  CHECK_FALSE(host.abilities.swap_limit);
  CHECK(host.abilities.cpu_cfs);
  CHECK(host.abilities.cpu_realtime);
  CHECK(host.abilities.blkio_read_bps);
  CHECK_FALSE(host.abilities.blkio_write_bps);
  CHECK_FALSE(host.abilities.pids_limit);
  CHECK(host.abilities.cpuset_cpus == "0-3");
  CHECK(host.abilities.cpuset_mems == "0");
  CHECK(host.second_cgroup_root.empty());
  dir.write("sys/fs/cgroup/unified/cgroup.controllers", "hugetlb\n");
  CHECK(probe_container_host(dir.path()).second_cgroup_root == "/sys/fs/cgroup/unified");
}

TEST_CASE("container_host: monitors leave the daemon's cgroups of version 1",
          "[actors][containers]") {
  const temp_dir dir;
  write_v1(dir);
  dir.write("sys/fs/cgroup/unified/gantry-monitors/cgroup.procs", "");
  CHECK(probe_container_host(dir.path()).join_cgroups ==
        std::vector<std::string>{dir.file("sys/fs/cgroup/systemd/cgroup.procs"),
                                 dir.file("sys/fs/cgroup/memory/cgroup.procs"),
                                 dir.file("sys/fs/cgroup/cpu,cpuacct/cgroup.procs"),
                                 dir.file("sys/fs/cgroup/unified/gantry-monitors/cgroup.procs")});
}

TEST_CASE("container_host: cgroup version 2", "[actors][containers]") {
  const temp_dir dir;
  write_v2(dir, "/system.slice/gantry.service");
  const auto host = probe_container_host(dir.path());
  CHECK(host.abilities.cgroup_v2);
  CHECK(host.facts.cgroup_version == 2);
  CHECK(host.abilities.memory_limit);
  CHECK(host.abilities.pids_limit);
  CHECK_FALSE(host.abilities.oom_kill_disable);
  CHECK_FALSE(host.abilities.cpu_realtime);
  CHECK(host.abilities.blkio_write_iops);
  CHECK(host.abilities.cpuset_cpus == "0-1");
  CHECK(host.second_cgroup_root.empty());
  CHECK(host.join_cgroups ==
        std::vector<std::string>{dir.file("sys/fs/cgroup/gantry-monitors/cgroup.procs")});
}

TEST_CASE("container_host: who is in the root cgroup joins nothing", "[actors][containers]") {
  const temp_dir dir;
  write_v2(dir, "/");
  CHECK(probe_container_host(dir.path()).join_cgroups.empty());
}

TEST_CASE("container_host: what cannot be found out is missing", "[actors][containers]") {
  const temp_dir dir;
  const auto host = probe_container_host(dir.path());
  CHECK_FALSE(host.abilities.memory_limit);
  CHECK_FALSE(host.abilities.pids_limit);
  CHECK_FALSE(host.abilities.blkio_weight_device);
  CHECK_FALSE(host.facts.seccomp);
  CHECK_FALSE(host.facts.ping_group_range);
  CHECK(host.facts.thermal_throttle_paths.empty());
  CHECK(host.join_cgroups.empty());
}

TEST_CASE("container_host: kernel, names and what is to be hidden", "[actors][containers]") {
  const temp_dir dir;
  dir.write("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
  dir.write("proc/sys/kernel/hostname", "box\n");
  dir.write("proc/sys/net/ipv4/ping_group_range", "1 0\n");
  dir.write("sys/devices/system/cpu/possible", "0-11\n");
  for (const char* cpu : {"cpu10", "cpu2", "cpu12"})
    fs::create_directories(
        dir.file(std::string{"sys/devices/system/cpu/"} + cpu + "/thermal_throttle"));
  const auto host = probe_container_host(dir.path());
  CHECK(host.facts.kernel == container::kernel_version{6, 1});
  CHECK(host.hostname == "box");
  CHECK(host.facts.ping_group_range);
  CHECK_FALSE(host.facts.unprivileged_port_start);
  CHECK(host.facts.thermal_throttle_paths ==
        std::vector<std::string>{"/sys/devices/system/cpu/cpu2/thermal_throttle",
                                 "/sys/devices/system/cpu/cpu10/thermal_throttle"});
}

TEST_CASE("container_host: limits that cannot be raised are known", "[actors][containers]") {
  const auto host = probe_container_host();
  const auto& highest = host.facts.highest_limits;
  if (host.facts.capabilities.has(CAP_SYS_RESOURCE)) {
    CHECK(highest.size() <= 1); // nofile
    return;
  }
  rlimit files{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &files) == 0);
  CHECK(highest.at("nofile") == files.rlim_max);
  rlimit core{};
  REQUIRE(::getrlimit(RLIMIT_CORE, &core) == 0);
  CHECK(highest.contains("core") == (core.rlim_max != RLIM_INFINITY));
}

TEST_CASE("container_host: this machine", "[actors][containers]") {
  const auto host = probe_container_host();
  CHECK(host.facts.kernel.major >= 5);
  CHECK(host.abilities.cpus >= 1);
  CHECK_FALSE(host.abilities.cpuset_cpus.empty());
  CHECK_FALSE(host.hostname.empty());
  CHECK(host.abilities.capabilities == host.facts.capabilities);
  for (const auto& file : host.join_cgroups)
    CHECK(fs::exists(file));
}

TEST_CASE("container_host: runtimes are asked what they can do", "[actors][containers]") {
  const temp_dir dir;
  const auto program = [&](const std::string& name, const std::string& script) {
    const auto path = dir.write(name, "#!/bin/sh\n" + script);
    REQUIRE(::chmod(path.c_str(), 0755) == 0);
    return path;
  };
  const auto runc = probe_runtime_blocking(
      "mine",
      program("runc", "case $1 in --version) echo runc version 1.1.5;; features) echo "
                      "'{\"mountOptions\":[\"ro\",\"rro\"]}';; esac"),
      {"--debug"}, "/both");
  CHECK(runc.name == "mine");
  CHECK(runc.path == dir.file("runc"));
  CHECK(runc.args == std::vector<std::string>{"--debug"});
  CHECK(runc.opens_fifo);
  CHECK(runc.recursive_read_only);
  CHECK(runc.without_mount.empty());

  // It has no `features`.
  for (const auto& [version, knows] :
       {std::pair{"1.7.2", false}, {"1.8.1", true}, {"1.10", true}, {"2.0", true}, {"", false}}) {
    CAPTURE(version);
    const auto crun = probe_runtime_blocking(
        "crun",
        program("crun", std::string{"case $1 in --version) echo crun version "} + version +
                            ";; *) exit 1;; esac"),
        {}, "/both");
    CHECK_FALSE(crun.opens_fifo);
    CHECK(crun.without_mount == (*version == 0 ? "" : "/both"));
    CHECK(crun.recursive_read_only == knows);
  }
  const auto gone = probe_runtime_blocking("gone", dir.file("gone"));
  CHECK_FALSE(gone.opens_fifo);
}
