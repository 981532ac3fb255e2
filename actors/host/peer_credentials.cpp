#include "actors/host/peer_credentials.hpp"

#include "actors/host/errno_text.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace gantry::host {

result<peer_credentials> peer_credentials_of(int fd) {
  int domain = 0;
  socklen_t size = sizeof(domain);
  if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0)
    return errno_error("getsockopt", errno);
  if (domain != AF_UNIX) // the kernel would answer with uid -1
    return api_error{errc::invalid_parameter, "not a unix socket"};
  ucred credentials{};
  size = sizeof(credentials);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
    return errno_error("getsockopt", errno);
  return peer_credentials{credentials.pid, credentials.uid, credentials.gid};
}

} // namespace gantry::host
