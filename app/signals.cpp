#include "app/signals.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <system_error>

namespace gantry::app {

signals::signals() {
  // A client that leaves is an error of write(2), not a signal.
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (int s : {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGUSR1})
    sigaddset(&set, s);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal_fd_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  event_fd_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!signal_fd_ || !event_fd_)
    throw std::system_error(errno, std::generic_category(), "signalfd");
}

int signals::next() const {
  for (;;) {
    pollfd fds[2] = {{signal_fd_.get(), POLLIN, 0}, {event_fd_.get(), POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0)
      continue; // EINTR is the only failure there is
    signalfd_siginfo info;
    if (::read(signal_fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info))
      return static_cast<int>(info.ssi_signo);
    std::uint64_t count = 0;
    if (::read(event_fd_.get(), &count, sizeof count) == static_cast<ssize_t>(sizeof count))
      return 0;
  }
}

void signals::wake() const noexcept {
  std::uint64_t one = 1;
  // It cannot fail but for an overflow, and then the reader is woken anyway.
  [[maybe_unused]] auto n = ::write(event_fd_.get(), &one, sizeof one);
}

std::string signal_name(int signal) {
  auto* name = ::sigabbrev_np(signal);
  return name ? name : std::to_string(signal);
}

} // namespace gantry::app
