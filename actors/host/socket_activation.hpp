#pragma once

#include "actors/host/environment.hpp"
#include "actors/host/listener_socket.hpp"
#include "actors/host/unique_fd.hpp"
#include "protocol/error.hpp"

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace gantry::host {

/// The sockets the init system passed in (sd_listen_fds(3)). Make one, early in main; it owns the
/// descriptors. Safe to select from any thread.
class socket_activation {
public:
  /// The number of the first descriptor passed.
  static constexpr int first_passed_fd = 3;

  /// Nothing was passed.
  socket_activation() = default;

  /// Reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES; takes the descriptors if they are meant for
  /// process `self`, and makes them close-on-exec. Never fails: what is wrong comes out of
  /// `select`, so it matters only to those who ask for `fd://`.
  static socket_activation take(const environment& env, pid_t self, int first_fd = first_passed_fd);

  /// Listening sockets for what stands after `fd://`: nothing or `*` means all, a number the socket
  /// with that descriptor number, anything else those of that name. They are duplicates: the same
  /// socket can be selected more than once, and stays open in here.
  /// Errors (clauses U1, U2, K-20): `No sockets found`, `Too few socket activated files passed in`,
  /// `Error setting up FileListener for fd N: ERR`, `no socket activated file is named 'X'`,
  /// `fd://2 is not a socket activated file: the first is fd://3`.
  result<std::vector<listener_socket>> select(std::string_view selector) const;

  /// How many sockets were passed.
  std::size_t size() const noexcept { return sockets_.size(); }

private:
  struct passed_socket {
    unique_fd fd;
    std::string name;
  };

  int first_fd_ = first_passed_fd;
  std::vector<passed_socket> sockets_;
  std::string failure_; // error of every select; empty if none
};

/// Removes the LISTEN_* variables, so that children do not take them for theirs. Call before
/// threads start: setenv(3) is not safe beside getenv(3).
void unset_activation_environment() noexcept;

} // namespace gantry::host
