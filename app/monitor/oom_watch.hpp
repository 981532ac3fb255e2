#pragma once

#include "actors/host/unique_fd.hpp"
#include "app/monitor/event_loop.hpp"

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>

namespace gantry::monitor {

/// Notices that the kernel killed something in the memory cgroup of a process for want of memory:
/// `memory.oom_control` with an eventfd in cgroup v1, `memory.events` in v2.
class oom_watch {
public:
  /// Begins to watch the cgroup that the process is in now; `killed` is called for each time that
  /// something was killed since. Without a memory cgroup nothing is watched.
  /// `root` is where cgroups are mounted, as `/sys/fs/cgroup`.
  oom_watch(event_loop& loop, const std::string& root, pid_t pid, std::function<void()> killed);

  /// Looks once more, at the end. True if anything was ever killed.
  bool ever_killed();

private:
  bool watch_v1(event_loop& loop, const std::string& directory);
  bool watch_v2(event_loop& loop, const std::string& directory);
  bool look();
  void count_kills();

  host::unique_fd counter_; // the file that counts
  host::unique_fd event_;   // v1
  fd_watch watch_;
  timer again_;
  std::function<void()> killed_;
  std::uint64_t at_first_ = 0;
  std::uint64_t kills_ = 0;
};

} // namespace gantry::monitor
