#include "app/monitor/runtime_call.hpp"

#include "actors/host/errno_text.hpp"
#include "actors/host/tree_reader.hpp"
#include "actors/logs/json_record.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace gantry::monitor {
namespace {

constexpr std::size_t longest_text = std::size_t{16} * 1024;

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

// The last line of error in a runtime's JSON log; the last line of all if none says so.
std::string last_message(std::string_view log) {
  std::string last;
  bool is_error = false;
  while (!log.empty()) {
    const auto line = host::next_line(log);
    auto message = logs::json_text_member(line, "msg");
    const auto level = logs::json_text_member(line, "level");
    const bool error = level == "error" || level == "fatal" || level == "panic";
    if (message.empty() || (is_error && !error))
      continue;
    last = std::move(message);
    is_error = error;
  }
  return last;
}

std::string seconds_text(std::chrono::milliseconds time) {
  const auto count = time.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + "s" : std::to_string(count) + "ms";
}

} // namespace

runtime_call::runtime_call(event_loop& loop, command what, handler done)
    : what_{std::move(what)}, done_{std::move(done)}, deadline_{loop} {
  ::unlink(what_.log.c_str());
  pid_ = spawn();
  if (pid_ < 0) {
    const int error = -std::exchange(pid_, 0);
    deadline_.start(
        {}, [this, error] { finish(host::errno_error("start", what_.argv.front(), error)); });
    return;
  }
  deadline_.start(what_.deadline, [this] {
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
    pid_ = 0;
    finish(api_error{errc::unavailable,
                     what_.argv.front() + " did not end within " + seconds_text(what_.deadline)});
  });
}

runtime_call::~runtime_call() {
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
  }
}

// Returns the pid, or a negative errno.
pid_t runtime_call::spawn() {
  host::unique_fd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  if (what_.err < 0)
    error_text_.reset(::memfd_create("runtime stderr", MFD_CLOEXEC));
  const int in = what_.in < 0 ? null.get() : what_.in;
  const int out = what_.out < 0 ? null.get() : what_.out;
  const int err = what_.err < 0 ? error_text_.get() : what_.err;
  if (in < 0 || out < 0 || err < 0)
    return -errno;
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
  std::vector<char*> argv;
  for (auto& argument : what_.argv)
    argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, argv.front(), &settings.actions, &settings.attributes,
                                  argv.data(), environ);
  return error == 0 ? pid : -error;
}

bool runtime_call::child_ended(pid_t pid, int status) {
  if (pid_ == 0 || pid != pid_)
    return false;
  pid_ = 0;
  deadline_.stop();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    finish({});
  else
    finish(failure(status));
  return true;
}

void runtime_call::finish(result<void> how) {
  ::unlink(what_.log.c_str());
  const auto done = std::move(done_);
  done(how);
}

api_error runtime_call::failure(int status) const {
  auto text = last_message(host::read_text(what_.log));
  if (text.empty()) {
    text.resize(longest_text);
    const ssize_t got = error_text_ ? ::pread(error_text_.get(), text.data(), text.size(), 0)
                                    : ::read(what_.err_reader, text.data(), text.size());
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    text.erase(text.find_last_not_of(" \t\r\n") + 1);
  }
  if (text.empty())
    text = what_.argv.front() + ": " +
           (WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                : "exit code " + std::to_string(WEXITSTATUS(status)));
  return {errc::system, std::move(text)};
}

void end_children() {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  // Those of one who dies become ours only then, so this takes several rounds.
  for (int round = 0; round < 40; ++round) {
    const auto list = host::read_text("/proc/thread-self/children");
    const char* at = list.c_str();
    char* end = nullptr;
    for (auto pid = std::strtol(at, &end, 10); end != at; pid = std::strtol(at = end, &end, 10))
      ::kill(static_cast<pid_t>(pid), SIGKILL);
    while (::waitpid(-1, nullptr, WNOHANG) > 0)
      ;
    if (::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD)
      return;
    const timespec pause{0, 50'000'000};
    ::sigtimedwait(&child, nullptr, &pause);
  }
}

} // namespace gantry::monitor
