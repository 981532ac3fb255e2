#pragma once

#include "protocol/error.hpp"

#include <sys/types.h>

#include <string>

namespace gantry::host {

/// Who connected to a unix socket, as of the connect (unix(7), SO_PEERCRED).
struct peer_credentials {
  pid_t pid = 0; ///< 0 if the process is outside our pid namespace
  uid_t uid = 0;
  gid_t gid = 0;

  friend bool operator==(const peer_credentials&, const peer_credentials&) = default;
};

/// Credentials of the peer of a connected unix socket. Error (invalid_parameter) for any other
/// family.
result<peer_credentials> peer_credentials_of(int fd);

/// Where the peer of a connected socket is: `tcp://10.0.0.1:1234`, `tcp://[::1]:1234`, or `unix`.
std::string peer_address_of(int fd);

} // namespace gantry::host
