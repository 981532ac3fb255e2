#include "actors/host/unique_fd.hpp"

#include <fcntl.h>

namespace gantry::host {

bool set_cloexec(int fd) noexcept {
  int flags = ::fcntl(fd, F_GETFD);
  return flags >= 0 && ::fcntl(fd, F_SETFD, flags | FD_CLOEXEC) == 0;
}

bool set_nonblocking(int fd) noexcept {
  int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

unique_fd duplicate(int fd) noexcept { return unique_fd{::fcntl(fd, F_DUPFD_CLOEXEC, 0)}; }

} // namespace gantry::host
