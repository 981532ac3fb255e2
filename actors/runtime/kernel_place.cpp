#include "actors/runtime/kernel_place.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

namespace gantry::runtime {

namespace {

/// Of proc/self/task/TID; "" if it cannot be read.
std::string read_task_file(pid_t tid, const char* name) {
  auto path = "/proc/self/task/" + std::to_string(tid) + '/' + name;
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return {};
  char bytes[4096];
  auto n = ::read(fd, bytes, sizeof bytes);
  ::close(fd);
  return {bytes, n > 0 ? static_cast<std::size_t>(n) : 0};
}

/// `[<0>] futex_wait_queue+0x60/0x90` is `futex_wait_queue`.
std::string_view function_of(std::string_view line) {
  if (auto mark = line.find("] "); mark != std::string_view::npos)
    line.remove_prefix(mark + 2);
  return line.substr(0, line.find('+'));
}

} // namespace

std::string wait_channel(pid_t tid) {
  auto text = read_task_file(tid, "wchan");
  return text == "0" ? std::string{} : text;
}

bool waits_for_descriptors(pid_t tid) {
  // The kernels' names for it.
  const auto channel = wait_channel(tid);
  return channel == "do_epoll_wait" || channel == "ep_poll" || channel == "ep_poll.isra.0";
}

/// The third figure of schedstat, or else of `status` the times it gave its processor away.
std::uint64_t times_scheduled(pid_t tid) {
  unsigned long long on_cpu = 0;
  unsigned long long waited = 0;
  unsigned long long slices = 0;
  const auto stat = read_task_file(tid, "schedstat");
  if (std::sscanf(stat.c_str(), "%llu %llu %llu", &on_cpu, &waited, &slices) == 3)
    return slices + on_cpu; // one that computes without a pause moves too
  unsigned long long given = 0;
  unsigned long long taken = 0;
  const auto status = read_task_file(tid, "status");
  constexpr std::string_view label = "voluntary_ctxt_switches:";
  if (const auto at = status.find(label); at != std::string::npos)
    std::sscanf(status.c_str() + at + label.size(), "%llu nonvoluntary_ctxt_switches: %llu", &given,
                &taken);
  return given + taken;
}

std::string kernel_place(pid_t tid) {
  constexpr int most = 12;
  auto stack = read_task_file(tid, "stack");
  std::string out;
  std::string_view rest = stack;
  for (int i = 0; i < most && !rest.empty(); ++i) {
    auto end = rest.find('\n');
    auto name = function_of(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (name.empty() || name.front() == '0') // the end of the stack
      continue;
    if (!out.empty())
      out += " < ";
    out += name;
  }
  return out.empty() ? wait_channel(tid) : out;
}

} // namespace gantry::runtime
