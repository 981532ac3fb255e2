#include "app/monitor/oom_watch.hpp"

#include "actors/host/process_cgroups.hpp"
#include "actors/host/tree_reader.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace gantry::monitor {
namespace {

// The memory cgroup's directory of a process (cgroups(7), /proc/PID/cgroup).
struct memory_cgroup {
  std::string v1;
  std::string v2;
};

memory_cgroup memory_cgroup_of(const std::string& root, pid_t pid) {
  memory_cgroup found;
  const auto text = host::read_text("/proc/" + std::to_string(pid) + "/cgroup");
  for (const auto& in : host::parse_process_cgroups(text)) {
    if (in.controllers.empty())
      found.v2 = host::below(root, in.path);
    else if (host::has_controller(in.controllers, "memory"))
      found.v1 = host::below(host::below(root, in.controllers), in.path);
  }
  return found;
}

// The number behind `oom_kill ` in memory.oom_control (since Linux 4.13) or memory.events.
std::uint64_t read_kills(int fd) {
  char buffer[1024];
  const ssize_t got = ::pread(fd, buffer, sizeof(buffer), 0);
  std::string_view text{buffer, static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  constexpr std::string_view key = "oom_kill ";
  while (!text.empty()) {
    const auto line = host::next_line(text);
    std::uint64_t kills = 0;
    if (line.starts_with(key)) {
      std::from_chars(line.data() + key.size(), line.data() + line.size(), kills);
      return kills;
    }
  }
  return 0;
}

} // namespace

oom_watch::oom_watch(event_loop& loop, const std::string& root, pid_t pid,
                     std::function<void()> killed)
    : again_{loop}, killed_{std::move(killed)} {
  if (root.empty())
    return;
  const auto cgroup = memory_cgroup_of(root, pid);
  if ((!cgroup.v1.empty() && watch_v1(loop, cgroup.v1)) ||
      (!cgroup.v2.empty() && watch_v2(loop, cgroup.v2)))
    at_first_ = kills_ = read_kills(counter_.get());
}

bool oom_watch::watch_v1(event_loop& loop, const std::string& directory) {
  counter_.reset(::open((directory + "/memory.oom_control").c_str(), O_RDONLY | O_CLOEXEC));
  event_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  host::unique_fd control{
      ::open((directory + "/cgroup.event_control").c_str(), O_WRONLY | O_CLOEXEC)};
  if (!counter_ || !event_ || !control)
    return false;
  const auto line = std::to_string(event_.get()) + ' ' + std::to_string(counter_.get());
  if (::write(control.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    return false;
  watch_ = fd_watch{loop, event_.get(), EPOLLIN, [this](std::uint32_t) {
                      std::uint64_t times = 0;
                      // NOTE: it comes a moment before the counter moves, and also when the cgroup
                      // is removed.
                      if (::read(event_.get(), &times, sizeof(times)) > 0 && !look())
                        again_.start(std::chrono::milliseconds{100}, [this] { look(); });
                    }};
  return true;
}

bool oom_watch::watch_v2(event_loop& loop, const std::string& directory) {
  counter_.reset(::open((directory + "/memory.events").c_str(), O_RDONLY | O_CLOEXEC));
  if (!counter_)
    return false;
  // kernfs reports a change as EPOLLPRI | EPOLLERR until the file is read again.
  watch_ = fd_watch{loop, counter_.get(), EPOLLPRI, [this](std::uint32_t) {
                      char byte = 0;
                      if (::pread(counter_.get(), &byte, 1, 0) <= 0)
                        watch_.reset(); // the cgroup is gone
                      else
                        look();
                    }};
  return true;
}

bool oom_watch::look() {
  const auto before = kills_;
  count_kills();
  if (kills_ > before)
    killed_();
  return kills_ > before;
}

void oom_watch::count_kills() {
  if (counter_)
    kills_ = std::max(kills_, read_kills(counter_.get()));
}

bool oom_watch::ever_killed() {
  look();
  return kills_ > at_first_;
}

} // namespace gantry::monitor
