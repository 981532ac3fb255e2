// How long a daemon takes from exec to its first answered `_ping`: starts a command, tries its unix
// socket until a request is answered with 200, prints the milliseconds, and ends what it started.

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <string_view>

namespace {

using clock_type = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Between two tries: an error of 0.1 ms on average, and the other processor is not kept busy for
/// it.
constexpr timespec pause_between{.tv_sec = 0, .tv_nsec = 200'000};
constexpr auto grace = std::chrono::seconds(15);

struct options {
  sockaddr_un address{};
  milliseconds timeout{30'000};
  const char* log = "/dev/null";
  char** command = nullptr;
};

std::optional<options> parse_options(int argc, char** argv) {
  options parsed;
  parsed.address.sun_family = AF_UNIX;
  int i = 1;
  for (; i + 1 < argc && std::strcmp(argv[i], "--") != 0; i += 2) {
    const std::string_view name = argv[i];
    const std::string_view value = argv[i + 1];
    if (name == "--unix" && value.size() < sizeof parsed.address.sun_path) {
      std::memcpy(parsed.address.sun_path, value.data(), value.size());
    } else if (name == "--log") {
      parsed.log = argv[i + 1];
    } else if (name == "--timeout") {
      int ms = 0;
      const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), ms);
      if (ec != std::errc{} || end != value.data() + value.size() || ms <= 0)
        return std::nullopt;
      parsed.timeout = milliseconds(ms);
    } else {
      return std::nullopt;
    }
  }
  if (i + 1 >= argc || parsed.address.sun_path[0] == '\0')
    return std::nullopt;
  parsed.command = argv + i + 1;
  return parsed;
}

/// One request on one connection: whether its answer began with a 200.
bool ping(const sockaddr_un& address) {
  static constexpr std::string_view request =
      "GET /_ping HTTP/1.1\r\nHost: first-ping\r\nConnection: close\r\n\r\n";
  static constexpr std::string_view expected = "HTTP/1.1 200";
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return false;
  const timeval limit{.tv_sec = 5, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  char answer[expected.size()];
  std::size_t got = 0;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(request.size())) {
    while (got < sizeof answer) {
      const auto n = ::recv(fd, answer + got, sizeof answer - got, 0);
      if (n <= 0)
        break;
      got += static_cast<std::size_t>(n);
    }
  }
  ::close(fd);
  return std::string_view(answer, got) == expected;
}

[[noreturn]] void exec_command(const options& wanted) {
  ::setsid(); // a terminal's interrupt is for us; we end the command
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int log = ::open(wanted.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log >= 0) {
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
  }
  ::execvp(wanted.command[0], wanted.command);
  std::fprintf(stderr, "first_ping: exec '%s': %s\n", wanted.command[0], std::strerror(errno));
  ::_exit(127);
}

bool ended(pid_t child) { return ::waitpid(child, nullptr, WNOHANG) == child; }

/// Asks the command to end, and kills it when it does not.
void stop(pid_t child) {
  ::kill(child, SIGTERM);
  for (const auto until = clock_type::now() + grace; clock_type::now() < until;) {
    if (ended(child))
      return;
    ::nanosleep(&pause_between, nullptr);
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

} // namespace

int main(int argc, char** argv) {
  const auto wanted = parse_options(argc, argv);
  if (!wanted) {
    std::fprintf(stderr,
                 "usage: first_ping --unix PATH [--timeout MS] [--log FILE] -- COMMAND [ARG...]\n"
                 "Prints the milliseconds from the start of COMMAND until GET /_ping on PATH is "
                 "answered with 200.\n");
    return 2;
  }
  ::unlink(wanted->address.sun_path);
  const auto start = clock_type::now();
  const pid_t child = ::fork();
  if (child < 0) {
    std::fprintf(stderr, "first_ping: fork: %s\n", std::strerror(errno));
    return 1;
  }
  if (child == 0)
    exec_command(*wanted);

  while (clock_type::now() - start < wanted->timeout) {
    if (ping(wanted->address)) {
      const std::chrono::duration<double, std::milli> took = clock_type::now() - start;
      stop(child);
      std::printf("%.2f\n", took.count());
      return 0;
    }
    if (ended(child)) {
      std::fprintf(stderr, "first_ping: the command ended before it answered\n");
      return 1;
    }
    ::nanosleep(&pause_between, nullptr);
  }
  stop(child);
  std::fprintf(stderr, "first_ping: no answer within %lld ms\n",
               static_cast<long long>(wanted->timeout.count()));
  return 1;
}
