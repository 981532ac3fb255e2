#include "tests/app/ctl/socket_server.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <stdexcept>
#include <utility>

namespace gantry::test {

namespace {

/// Waits until `fd` can be read; false once `stop` can.
bool readable(int fd, int stop) {
  pollfd both[] = {{fd, POLLIN, 0}, {stop, POLLIN, 0}};
  while (::poll(both, 2, -1) < 0) {
  }
  return both[1].revents == 0;
}

} // namespace

socket_server::socket_server(std::vector<std::string> pieces, end then)
    : pieces_(std::move(pieces)), then_(then),
      listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = directory_.file("s");
  std::memcpy(address.sun_path, path.data(), path.size());
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(listener_.get(), 8) != 0)
    throw std::runtime_error("cannot listen on " + path);
  thread_ = std::thread{[this] { run(); }};
}

socket_server::~socket_server() { stop(); }

std::vector<std::string> socket_server::requests() && {
  stop();
  return std::move(requests_);
}

void socket_server::stop() {
  if (!thread_.joinable())
    return;
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
}

void socket_server::run() {
  while (readable(listener_.get(), stop_.get())) {
    host::unique_fd connection{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (connection)
      serve(connection.get());
  }
}

void socket_server::serve(int connection) {
  std::string request;
  while (request.find("\r\n\r\n") == std::string::npos && readable(connection, stop_.get())) {
    char bytes[4096];
    const auto got = ::recv(connection, bytes, sizeof(bytes), 0);
    if (got <= 0)
      return;
    request.append(bytes, static_cast<std::size_t>(got));
  }
  requests_.push_back(std::move(request));
  for (const auto& piece : pieces_)
    if (::send(connection, piece.data(), piece.size(), MSG_NOSIGNAL) < 0)
      return;
  if (then_ == end::keep) {
    pollfd ended{stop_.get(), POLLIN, 0};
    ::poll(&ended, 1, -1);
  }
}

} // namespace gantry::test
