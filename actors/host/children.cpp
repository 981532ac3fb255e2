#include "actors/host/children.hpp"

#include "actors/host/errno_text.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <iterator>
#include <optional>

namespace gantry::host {
namespace {

using steady = std::chrono::steady_clock;

// Descriptors 0 to 2 are what the child's files are put on; with our own standard files closed, a
// new one could be among them and be overwritten before it is used.
unique_fd above_standard_files(unique_fd fd) {
  if (!fd || fd.get() > 2)
    return fd;
  return unique_fd{::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3)};
}

struct pipe_ends {
  unique_fd read;
  unique_fd write;
};

std::optional<pipe_ends> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0)
    return std::nullopt;
  pipe_ends ends{unique_fd{fds[0]}, unique_fd{fds[1]}};
  ends.read = above_standard_files(std::move(ends.read));
  ends.write = above_standard_files(std::move(ends.write));
  if (!ends.read || !ends.write || !set_nonblocking(ends.read.get()))
    return std::nullopt;
  return ends;
}

// The child's stdin. A file in memory rather than a pipe: it needs neither pumping nor SIGPIPE.
unique_fd make_input(const std::string& bytes) {
  if (bytes.empty())
    return above_standard_files(unique_fd{::open("/dev/null", O_RDONLY | O_CLOEXEC)});
  auto fd = above_standard_files(unique_fd{::memfd_create("stdin", MFD_CLOEXEC)});
  for (std::size_t done = 0; fd && done < bytes.size();) {
    ssize_t put = ::write(fd.get(), bytes.data() + done, bytes.size() - done);
    if (put < 0 && errno != EINTR)
      return {};
    done += static_cast<std::size_t>(std::max<ssize_t>(put, 0));
  }
  if (fd && ::lseek(fd.get(), 0, SEEK_SET) != 0)
    return {};
  return fd;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> list;
  list.reserve(strings.size() + 1);
  for (const auto& text : strings)
    list.push_back(const_cast<char*>(text.c_str())); // posix_spawn does not write to them
  list.push_back(nullptr);
  return list;
}

// posix_spawn(3) with its attributes. Returns the pid, or a negative errno.
pid_t spawn(const child_command& command, int in, int out, int err) {
  struct spawn_settings {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    spawn_settings() {
      ::posix_spawn_file_actions_init(&actions);
      ::posix_spawnattr_init(&attributes);
    }
    ~spawn_settings() {
      ::posix_spawnattr_destroy(&attributes);
      ::posix_spawn_file_actions_destroy(&actions);
    }
  } settings;
  ::posix_spawn_file_actions_adddup2(&settings.actions, in, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&settings.actions, out, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&settings.actions, err, STDERR_FILENO);
  ::posix_spawn_file_actions_addclosefrom_np(&settings.actions, STDERR_FILENO + 1);
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&settings.attributes, &none);
  ::posix_spawnattr_setsigdefault(&settings.attributes, &all);
  ::posix_spawnattr_setpgroup(&settings.attributes, 0);
  ::posix_spawnattr_setflags(&settings.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                       POSIX_SPAWN_SETPGROUP);
  auto argv = pointers(command.argv);
  auto env = pointers(command.env);
  pid_t pid = 0;
  int error =
      ::posix_spawn(&pid, command.argv.front().c_str(), &settings.actions, &settings.attributes,
                    argv.data(), command.env.empty() ? environ : env.data());
  return error == 0 ? pid : -error;
}

// One of the child's two outputs.
struct captured_stream {
  unique_fd fd;
  std::string text;

  // Reads what is there now, at most `rounds` buffers: one who writes without end must not hold us.
  // Closes at the end of the stream.
  void drain(std::size_t limit, bool& truncated, int rounds) {
    std::array<char, 16384> buffer;
    for (; fd && rounds > 0; --rounds) {
      ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0 && errno == EAGAIN)
        return;
      if (got <= 0) {
        fd.reset();
        return;
      }
      auto size = static_cast<std::size_t>(got);
      auto keep = std::min(size, limit - std::min(limit, text.size()));
      text.append(buffer.data(), keep);
      truncated |= keep < size;
    }
  }
};

std::string duration_text(std::chrono::milliseconds time) {
  auto count = time.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + "s" : std::to_string(count) + "ms";
}

} // namespace

result<child_process> child_process::guard(pid_t pid) {
  child_process child;
  child.pid_ = pid;
  // NOTE: glibc 2.36 declares pidfd_open without C linkage, so C++ cannot link it.
  child.pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!child.pidfd_)
    return errno_error("pidfd_open", errno);
  return child;
}

child_process::child_process(child_process&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), pidfd_(std::move(other.pidfd_)) {}

child_process& child_process::operator=(child_process&& other) noexcept {
  if (this != &other) {
    kill_and_reap();
    pid_ = std::exchange(other.pid_, 0);
    pidfd_ = std::move(other.pidfd_);
  }
  return *this;
}

child_process::~child_process() { kill_and_reap(); }

void child_process::signal_group(int signal) noexcept {
  // Until it is reaped the pid, and with it the group's number, cannot go to anybody else.
  if (pid_ > 0)
    ::kill(-pid_, signal);
}

result<child_exit> child_process::reap() {
  if (pid_ <= 0)
    return api_error{errc::conflict, "the child is already reaped"};
  siginfo_t info{};
  int waited = 0;
  do
    waited = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED);
  while (waited != 0 && errno == EINTR);
  if (waited != 0) {
    auto error = errno_error("waitid", errno);
    pid_ = 0; // ECHILD: somebody else has reaped it, the number is no longer ours
    pidfd_.reset();
    return error;
  }
  pid_ = 0;
  pidfd_.reset();
  if (info.si_code == CLD_EXITED)
    return child_exit{info.si_status, 0};
  return child_exit{0, info.si_status};
}

void child_process::kill_and_reap() noexcept {
  if (pid_ <= 0)
    return;
  signal_group(SIGKILL);
  ::kill(pid_, SIGKILL); // should it not have become a group leader
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0 && errno == EINTR)
    ;
  pid_ = 0;
  pidfd_.reset();
}

result<child_output> run_child(const child_command& command) {
  if (command.argv.empty())
    return api_error{errc::invalid_parameter, "start '': no program given"};
  const auto& path = command.argv.front();
  auto start_error = [&path](int error) { return errno_error("start", path, error); };

  auto deadline = steady::now() + command.deadline;
  auto in = make_input(command.input);
  if (!in)
    return start_error(errno);
  auto out = make_pipe();
  if (!out)
    return start_error(errno);
  auto err = make_pipe();
  if (!err)
    return start_error(errno);
  pid_t pid = spawn(command, in.get(), out->write.get(), err->write.get());
  if (pid < 0)
    return start_error(-pid);
  auto child = child_process::guard(pid);
  if (!child)
    return child.error();
  out->write.reset();
  err->write.reset();

  child_output output;
  captured_stream streams[] = {{std::move(out->read), {}}, {std::move(err->read), {}}};
  auto drain = [&](int rounds) {
    for (auto& stream : streams)
      stream.drain(command.output_limit, output.truncated, rounds);
  };
  for (bool ended = false; !ended;) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady::now()).count();
    if (left <= 0)
      return api_error{errc::unavailable,
                       "'" + path + "' did not end within " + duration_text(command.deadline)};
    pollfd waits[] = {{child->pidfd(), POLLIN, 0},
                      {streams[0].fd.get(), POLLIN, 0},
                      {streams[1].fd.get(), POLLIN, 0}};
    if (::poll(waits, std::size(waits), static_cast<int>(std::min<long>(left, 60'000))) < 0 &&
        errno != EINTR)
      return errno_error("poll", errno);
    ended = (waits[0].revents & POLLIN) != 0;
    drain(1);
  }
  // What it may have left running holds the pipes; end that before the last look into them.
  child->signal_group(SIGKILL);
  drain(64); // 1 MiB, the most a pipe holds
  auto exit = child->reap();
  if (!exit)
    return exit.error();
  output.exit = *exit;
  output.out = std::move(streams[0].text);
  output.err = std::move(streams[1].text);
  return output;
}

} // namespace gantry::host
