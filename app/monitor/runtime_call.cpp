#include "app/monitor/runtime_call.hpp"

#include "actors/host/children.hpp"
#include "actors/host/errno_text.hpp"
#include "actors/host/tree_reader.hpp"
#include "actors/logs/runtime_messages.hpp"

#include <fcntl.h>
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
    finish(host::late_child(what_.argv.front(), what_.deadline));
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
  const auto spawn_from = [&](const std::string& program) {
    return host::spawn_program(program, what_.argv, {}, in, out, err, what_.without_mount);
  };
  if (what_.copy >= 0) {
    // By our descriptor: the child has closed its own when it comes to that.
    const auto pid =
        spawn_from("/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(what_.copy));
    if (pid > 0)
      return pid;
  }
  return spawn_from(what_.argv.front());
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

void runtime_call::finish(const result<void>& how) {
  ::unlink(what_.log.c_str());
  const auto done = std::move(done_);
  done(how);
}

api_error runtime_call::failure(int status) const {
  auto text = logs::last_runtime_error(host::read_text(what_.log));
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
