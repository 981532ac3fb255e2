#include "app/monitor/launch.hpp"

#include "actors/host/errno_text.hpp"
#include "actors/host/sealed_copy.hpp"
#include "actors/host/tree_reader.hpp"
#include "app/monitor/monitor.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <string_view>
#include <utility>

namespace gantry::monitor {
namespace {

// Where the monitor has the pipe on which it replies.
constexpr int reply_number = 3;
constexpr int runtime_number = 4;

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return; // nobody listens any more
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return text;
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

// What standard input and output are if the caller gave none: no pipe of ours may get their place.
void open_standard_files() {
  int fd = 0;
  do
    fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  while (fd >= 0 && fd <= STDERR_FILENO && ::fcntl(fd, F_SETFD, 0) == 0);
  if (fd >= 0)
    ::close(fd);
}

// Leaves everything that came from the daemon but a copy of the runtime, if that is what standard
// input is.
host::unique_fd detach(int reply) {
  ::setsid();
  static_cast<void>(::chdir("/"));
  ::umask(0022);
  ::dup2(reply, reply_number);
  ::fcntl(reply_number, F_SETFD, FD_CLOEXEC);
  host::unique_fd runtime;
  if (host::is_sealed_copy(STDIN_FILENO))
    runtime.reset(::dup3(STDIN_FILENO, runtime_number, O_CLOEXEC));
  if (const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC); null >= 0)
    for (int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
      ::dup2(null, standard);
  ::close_range((runtime ? runtime_number : reply_number) + 1, UINT_MAX, 0);

  // The end of a session or of the daemon is nothing to it; it ends with its process.
  for (int number = 1; number < NSIG; ++number)
    ::signal(number, SIG_DFL);
  for (int number : {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1, SIGUSR2})
    ::signal(number, SIG_IGN);
  sigset_t mask;
  ::sigemptyset(&mask);
  ::sigaddset(&mask, SIGCHLD);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  // What the runtime starts becomes our child when the runtime ends.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  // Small, and what was big for a moment goes back.
  ::mallopt(M_MMAP_THRESHOLD, 64 * 1024);
  ::mallopt(M_TRIM_THRESHOLD, 64 * 1024);
  return runtime;
}

result<void> join_cgroups(const std::vector<std::string>& files) {
  for (const auto& file : files) {
    host::unique_fd fd{::open(file.c_str(), O_WRONLY | O_CLOEXEC)};
    if (!fd)
      return host::errno_error("open", file, errno);
    if (::write(fd.get(), "0", 1) != 1)
      return host::errno_error("join cgroup", file, errno);
  }
  return {};
}

int run_detached(settings what, int reply) {
  auto runtime = detach(reply);
  const auto answer = [](const result<std::int32_t>& pid) {
    write_all(reply_number, encode_launch_reply(pid));
    ::close(reply_number);
  };
  if (auto joined = join_cgroups(what.join_cgroups); !joined) {
    answer(joined.error());
    return 1;
  }
  monitor{std::move(what), std::move(runtime), answer}.run();
  return 0;
}

std::string no_reply(pid_t monitor) {
  int status = 0;
  while (::waitpid(monitor, &status, 0) < 0 && errno == EINTR)
    ;
  return encode_launch_reply(api_error{
      errc::system, "the monitor ended with " +
                        (WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                             : "code " + std::to_string(WEXITSTATUS(status)))});
}

} // namespace

int launch(int argc, char** argv) {
  open_standard_files();
  const std::string_view argument = argc == 2 ? argv[1] : "";
  if (argument == "--version") {
    write_all(STDOUT_FILENO, "gantry-monitor version " GANTRY_VERSION "\n");
    return 0;
  }
  if (argument.empty() || (argument.starts_with('-') && argument != "-")) {
    write_all(STDERR_FILENO, "usage: gantry-monitor SETTINGS | - | --version\n");
    return 2;
  }
  auto what = decode_settings(argument == "-" ? read_all(STDIN_FILENO)
                                              : host::read_text(std::string{argument}));
  std::string reply;
  int ends[2];
  if (!what) {
    reply = encode_launch_reply(what.error());
  } else if (::pipe2(ends, O_CLOEXEC) != 0) {
    reply = encode_launch_reply(host::errno_error("pipe", errno));
  } else {
    const pid_t child = ::fork();
    if (child == 0)
      return run_detached(std::move(*what), ends[1]);
    ::close(ends[1]);
    if (child < 0)
      reply = encode_launch_reply(host::errno_error("fork", errno));
    else if (reply = read_all(ends[0]); reply.empty())
      reply = no_reply(child);
  }
  write_all(STDOUT_FILENO, reply);
  return decode_launch_reply(reply) ? 0 : 1;
}

} // namespace gantry::monitor
