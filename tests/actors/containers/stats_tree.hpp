#pragma once

#include "tests/protocol/container/stats_texts.hpp"
#include "tests/support/temp_dir.hpp"

#include <filesystem>
#include <set>
#include <string>

namespace gantry::test {

/// A machine's files as far as it is read there what a container uses.
class stats_tree {
public:
  stats_tree() {
    dir_.write("proc/stat", proc_stat);
    dir_.write("proc/meminfo", "MemTotal:       24684084 kB\n");
    dir_.write("proc/self/ns/net", "");
  }

  const std::string& root() const { return dir_.path(); }

  /// Puts a container into cgroups of version 1. `below`: what its first process has made in its
  /// own, `/init`; `mounted`: the part of the hierarchies that is mounted.
  void put_v1(int pid, const std::string& cgroup, const text_files& files = v1_files(),
              const std::string& below = {}, const std::string& mounted = "/") {
    std::string mounts = "1 0 0:9 / /sys/fs/cgroup rw - tmpfs - rw\n";
    std::string groups = "9:name=systemd:/\n0::/\n";
    std::set<std::string> controllers;
    for (const auto& [name, text] : files) {
      const auto controller = name.substr(0, name.find('/'));
      controllers.insert(controller);
      dir_.write("sys/fs/cgroup/" + directory_of(controller) + cgroup + name.substr(name.find('/')),
                 text);
    }
    for (const auto& controller : controllers) {
      const auto in = mounted == "/" ? cgroup : mounted + cgroup;
      if (controller != "cpuacct") { // which is with cpu
        const std::string names = controller == "cpu" ? "cpu,cpuacct" : controller;
        mounts += "2 1 0:3 " + mounted + " /sys/fs/cgroup/" + directory_of(controller) +
                  " rw - cgroup - rw," + names + "\n";
        groups += "4:" + names + ":" + in + below + "\n";
      }
    }
    dir_.write("proc/self/mountinfo", mounts);
    put_process(pid, groups);
  }

  /// The same with version 2.
  void put_v2(int pid, const std::string& cgroup, const text_files& files = v2_files(),
              const std::string& below = {}) {
    for (const auto& [name, text] : files)
      dir_.write("sys/fs/cgroup" + cgroup + "/" + name, text);
    dir_.write("proc/self/mountinfo", "1 0 0:9 / /sys/fs/cgroup rw - cgroup2 - rw\n");
    put_process(pid, "0::" + cgroup + below + "\n");
  }

  /// Changes a file of its cgroup at once, whoever reads it.
  void set(const std::string& path, const std::string& text) {
    const auto written = dir_.write("written", text);
    std::filesystem::rename(written, dir_.file("sys/fs/cgroup/" + path));
  }

  /// The process is in the host's network namespace.
  void share_network(int pid) {
    const auto own = dir_.file("proc/" + std::to_string(pid) + "/ns/net");
    std::filesystem::remove(own);
    std::filesystem::create_hard_link(dir_.file("proc/self/ns/net"), own);
  }

  /// The cgroups and the process are gone.
  void end(int pid) {
    std::filesystem::remove_all(dir_.file("sys/fs/cgroup"));
    std::filesystem::remove_all(dir_.file("proc/" + std::to_string(pid)));
  }

private:
  static std::string directory_of(const std::string& controller) {
    return controller == "cpu" || controller == "cpuacct" ? "cpu,cpuacct" : controller;
  }

  void put_process(int pid, const std::string& groups) {
    const auto process = "proc/" + std::to_string(pid);
    dir_.write(process + "/cgroup", groups);
    dir_.write(process + "/net/dev", network_devices);
    dir_.write(process + "/ns/net", "");
  }

  temp_dir dir_;
};

} // namespace gantry::test
