#include "app/monitor/console.hpp"

#include "actors/host/errno_text.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace gantry::monitor {
namespace {

// The runtime has sent it when it ends; this is for one who only just did.
constexpr int patience_ms = 1000;

// Waits for a descriptor that comes with a message (unix(7), SCM_RIGHTS).
host::unique_fd receive_fd(int socket) {
  char text[4096];
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  iovec part{text, sizeof(text)};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  ssize_t got = 0;
  do
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  if (got < 0)
    return {};
  const auto* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
    return {};
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof(fd));
  return host::unique_fd{fd};
}

bool readable(int fd) {
  pollfd wait{fd, POLLIN, 0};
  return ::poll(&wait, 1, patience_ms) == 1;
}

} // namespace

result<console_socket> console_socket::listen(const std::string& path) {
  auto way = host::socket_path::open("listen on", path);
  if (!way)
    return way.error();
  console_socket made{std::move(*way)};
  ::unlink(path.c_str());
  made.listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made.listener_ || ::bind(made.listener_.get(), made.way_.address(), made.way_.size()) != 0)
    return host::errno_error("listen on", path, errno);
  made.path_ = path;
  if (::listen(made.listener_.get(), 1) != 0)
    return host::errno_error("listen on", path, errno);
  return made;
}

console_socket::~console_socket() {
  if (listener_)
    ::unlink(path_.c_str());
}

result<host::unique_fd> console_socket::receive() {
  host::unique_fd terminal;
  if (readable(listener_.get())) {
    host::unique_fd peer{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (peer && readable(peer.get()))
      terminal = receive_fd(peer.get());
  }
  if (!terminal || !host::set_nonblocking(terminal.get()))
    return api_error{errc::system, "the runtime sent no terminal"};
  return terminal;
}

result<void> resize(int terminal, std::uint16_t rows, std::uint16_t columns) {
  winsize size{};
  size.ws_row = rows;
  size.ws_col = columns;
  if (::ioctl(terminal, TIOCSWINSZ, &size) != 0)
    return host::errno_error("resize the terminal", errno);
  return {};
}

} // namespace gantry::monitor
