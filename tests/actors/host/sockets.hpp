#pragma once

#include "actors/host/unique_fd.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>

namespace gantry::test {

/// The address of a socket file.
inline sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

/// A connected client socket, or nothing with errno.
inline host::unique_fd connect_unix(const std::string& path) {
  host::unique_fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  auto address = unix_address(path);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
    return {};
  return fd;
}

/// A bound socket file that nobody listens on yet.
inline host::unique_fd bind_unix(const std::string& path, int type = SOCK_STREAM) {
  host::unique_fd fd{::socket(AF_UNIX, type | SOCK_CLOEXEC, 0)};
  auto address = unix_address(path);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
    return {};
  return fd;
}

/// While it lives, the process is an ordinary user as far as files go. No effect unless root.
class without_root {
public:
  without_root() : uid_(::geteuid()) {
    if (uid_ == 0 && ::seteuid(65534) != 0)
      uid_ = 65534;
  }
  without_root(without_root&&) = delete;
  ~without_root() {
    if (uid_ == 0) [[maybe_unused]]
      auto done = ::seteuid(0);
  }

private:
  uid_t uid_;
};

} // namespace gantry::test
