#include "actors/core/client.hpp"

#include "actors/host/peer_credentials.hpp"

namespace gantry::core {

client_info identify(int fd) {
  client_info info;
  if (auto peer = host::peer_credentials_of(fd)) {
    info.address = "unix";
    info.uid = peer->uid;
    info.pid = peer->pid;
  } else {
    info.address = host::peer_address_of(fd);
  }
  return info;
}

} // namespace gantry::core
