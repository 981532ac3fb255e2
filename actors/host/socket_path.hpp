#pragma once

#include "actors/host/unique_fd.hpp"
#include "protocol/error.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

namespace gantry::host {

/// The way to a unix socket, however long its path: an address has room for 107 bytes only
/// (unix(7)). A longer path is gone by a descriptor of its directory, through proc(5).
class socket_path {
public:
  /// Errors: `ACTION 'PATH': ...` for a directory that cannot be opened, and for a name that is too
  /// long by itself.
  static result<socket_path> open(const char* action, const std::string& path);

  /// For bind(2) and connect(2), while this lives.
  const sockaddr* address() const noexcept { return reinterpret_cast<const sockaddr*>(&address_); }
  static constexpr socklen_t size() noexcept { return sizeof(sockaddr_un); }

  /// The path by which other processes that may look into this one get there, while this lives.
  std::string text() const;

private:
  socket_path() = default;

  sockaddr_un address_{};
  unique_fd directory_; ///< of a path that is too long
  std::string path_;
};

} // namespace gantry::host
