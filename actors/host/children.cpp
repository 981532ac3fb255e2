#include "actors/host/children.hpp"

#include "actors/host/errno_text.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <optional>
#include <system_error>
#include <thread>

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
unique_fd make_input(const child_command& command) {
  const auto& bytes = command.input;
  if (command.input_file)
    return above_standard_files(duplicate(command.input_file->get()));
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

struct spawn_settings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  spawn_settings() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  spawn_settings(spawn_settings&&) = delete;
  ~spawn_settings() {
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
  }
};

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
  pollfd end{pidfd_.get(), POLLIN, 0};
  if (pidfd_)
    while (::poll(&end, 1, reap_patience.count()) < 0 && errno == EINTR)
      ;
  siginfo_t info{};
  const int flags = pidfd_ ? WEXITED | WNOHANG : WEXITED;
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, flags) != 0 && errno == EINTR)
    ;
  pid_ = 0;
  pidfd_.reset();
}

std::string limit_text(std::chrono::milliseconds limit) {
  const auto count = limit.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + "s" : std::to_string(count) + "ms";
}

api_error late_child(const std::string& path, std::chrono::milliseconds limit) {
  return {errc::unavailable, "'" + path + "' did not end within " + limit_text(limit)};
}

namespace {

/// For the calling thread alone, and those it starts. False with errno.
bool leave_mount(const std::string& point) {
  if (::unshare(CLONE_NEWNS) != 0)
    return false;
  // Where the mount around it is shared, the others would lose it too.
  namespace fs = std::filesystem;
  for (auto around = fs::path{point}.parent_path();; around = around.parent_path()) {
    if (::mount(nullptr, around.c_str(), nullptr, MS_PRIVATE, nullptr) == 0)
      break;
    if (errno != EINVAL || around == around.parent_path())
      return false;
  }
  return ::umount2(point.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0;
}

pid_t spawn_here(const std::string& program, const std::vector<std::string>& argv,
                 const std::vector<std::string>& env, int in, int out, int err) {
  spawn_settings settings;
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
  const auto words = pointers(argv);
  const auto variables = pointers(env);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, program.c_str(), &settings.actions, &settings.attributes,
                                  words.data(), env.empty() ? environ : variables.data());
  return error == 0 ? pid : -error;
}

} // namespace

pid_t spawn_program(const std::string& program, const std::vector<std::string>& argv,
                    const std::vector<std::string>& env, int in, int out, int err,
                    const std::string& without_mount) {
  if (without_mount.empty())
    return spawn_here(program, argv, env, in, out, err);
  // A namespace belongs to a thread, and with that one it goes.
  pid_t pid = -EAGAIN;
  try {
    std::thread elsewhere{[&] {
      pid = leave_mount(without_mount) ? spawn_here(program, argv, env, in, out, err) : -errno;
    }};
    elsewhere.join();
  } catch (const std::system_error& e) {
    return -e.code().value();
  }
  return pid;
}

// -- running_child --------------------------------------------------------------

result<running_child> running_child::start(const child_command& command) {
  if (command.argv.empty())
    return api_error{errc::invalid_parameter, "start '': no program given"};
  auto start_error = [&](int error) { return errno_error("start", command.argv.front(), error); };

  running_child child;
  child.output_limit_ = command.output_limit;
  auto in = make_input(command);
  if (!in)
    return start_error(errno);
  auto out = make_pipe();
  if (!out)
    return start_error(errno);
  auto err = make_pipe();
  if (!err)
    return start_error(errno);
  child.ready_.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!child.ready_)
    return start_error(errno);
  const pid_t pid = spawn_program(command.argv.front(), command.argv, command.env, in.get(),
                                  out->write.get(), err->write.get(), command.without_mount);
  if (pid < 0)
    return start_error(-pid);
  auto guarded = child_process::guard(pid);
  if (!guarded)
    return guarded.error();
  child.child_ = std::move(*guarded);
  child.out_.fd = std::move(out->read);
  child.err_.fd = std::move(err->read);
  for (int fd : {child.child_.pidfd(), child.out_.fd.get(), child.err_.fd.get()}) {
    epoll_event event{EPOLLIN, {.fd = fd}};
    if (::epoll_ctl(child.ready_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
      return start_error(errno);
  }
  return child;
}

// Reads what is there now, at most `rounds` buffers: one who writes without end must not hold us.
// Closes at the end of the stream.
void running_child::drain(captured_stream& from, int rounds) {
  std::array<char, 16384> buffer;
  for (; from.fd && rounds > 0; --rounds) {
    const ssize_t got = ::read(from.fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0 && errno == EAGAIN)
      return;
    if (got <= 0) {
      from.fd.reset(); // which takes it out of the set, too
      return;
    }
    const auto size = static_cast<std::size_t>(got);
    const auto keep = std::min(size, output_limit_ - std::min(output_limit_, from.text.size()));
    from.text.append(buffer.data(), keep);
    truncated_ |= keep < size;
  }
}

void running_child::drain(int rounds) {
  drain(out_, rounds);
  drain(err_, rounds);
}

result<bool> running_child::advance() {
  pollfd end{child_.pidfd(), POLLIN, 0};
  if (::poll(&end, 1, 0) < 0 && errno != EINTR)
    return errno_error("poll", errno);
  drain(1);
  return (end.revents & POLLIN) != 0;
}

result<child_output> running_child::finish() {
  // What it may have left running holds the pipes; end that before the last look into them.
  kill();
  drain(64); // 1 MiB, the most a pipe holds
  auto exit = child_.reap();
  if (!exit)
    return exit.error();
  return child_output{*exit, std::move(out_.text), std::move(err_.text), truncated_};
}

result<child_output> run_child(const child_command& command) {
  const auto deadline = steady::now() + command.deadline;
  auto child = running_child::start(command);
  if (!child)
    return child.error();
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - steady::now()).count();
    if (left <= 0)
      return late_child(command.argv.front(), command.deadline);
    pollfd ready{child->ready_fd(), POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(std::min<long>(left, 60'000))) < 0 && errno != EINTR)
      return errno_error("poll", errno);
    const auto ended = child->advance();
    if (!ended)
      return ended.error();
    if (*ended)
      return child->finish();
  }
}

} // namespace gantry::host
