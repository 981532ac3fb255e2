#include "actors/host/peer_credentials.hpp"

#include "actors/host/errno_text.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
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

std::string peer_address_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0)
    return "tcp";
  char text[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET) {
    auto* in = reinterpret_cast<sockaddr_in*>(&storage);
    ::inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
    return std::string{"tcp://"} + text + ":" + std::to_string(ntohs(in->sin_port));
  }
  if (storage.ss_family != AF_INET6)
    return "unix";
  auto* in6 = reinterpret_cast<sockaddr_in6*>(&storage);
  ::inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text);
  return std::string{"tcp://["} + text + "]:" + std::to_string(ntohs(in6->sin6_port));
}

} // namespace gantry::host
