#pragma once

#include "actors/host/listen_address.hpp"
#include "actors/host/unique_fd.hpp"
#include "protocol/error.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::host {

/// Owns a socket's file: removes it when destroyed, but only if the path still names the very file
/// (device and inode) that was made; a successor's socket is left alone. Moves, does not copy.
class unix_path_owner {
public:
  unix_path_owner() noexcept = default;
  /// Owns the file now at `path`, whose identity is given (stat(2)).
  unix_path_owner(std::string path, dev_t device, ino_t inode) noexcept;
  unix_path_owner(unix_path_owner&& other) noexcept;
  unix_path_owner& operator=(unix_path_owner&& other) noexcept;
  ~unix_path_owner();

  /// The path; empty if nothing is owned.
  const std::string& path() const noexcept { return path_; }
  /// Gives up ownership: the file stays.
  void release() noexcept { path_.clear(); }
  /// Removes the file now, if it is still ours.
  void remove() noexcept;

private:
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

/// The address family of a listening socket, which is what decides about TLS and credentials.
enum class socket_family : std::uint8_t { inet, unix_domain };

/// A bound and listening stream socket: nonblocking, close-on-exec, backlog SOMAXCONN.
/// Members are destroyed in reverse order, so the file goes before the descriptor is closed and no
/// client meets a socket that refuses.
struct listener_socket {
  unique_fd fd;
  listen_proto proto = listen_proto::tcp;
  socket_family family = socket_family::inet;
  /// Where clients reach it, with the real port: `tcp://127.0.0.1:40123`, `unix:///run/x.sock`.
  std::string bound;
  /// True if only this machine can reach it (unix, 127.0.0.0/8, ::1).
  bool local = false;
  /// Keeps the socket file; empty for tcp and for sockets of the init system.
  unix_path_owner file;
  /// What went wrong without being fatal, ready for the log.
  std::vector<std::string> warnings;
};

/// How a unix socket's file is to look.
struct unix_socket_options {
  /// Name or gid of the owning group; empty leaves the group alone.
  std::string group = "docker";
  /// Where groups are looked up (group(5)).
  std::string group_file = "/etc/group";
  mode_t mode = 0660;
  /// For how long a socket that is answered is looked at again before it counts as another
  /// daemon's: one that was killed may live on for a moment in a child before its exec(2).
  std::chrono::milliseconds patience{1000};
};

/// Listens on `host`:`port`; port 0 lets the kernel choose. Of several addresses of a name, such as
/// `localhost`, the first that can be bound is taken, IPv4 before IPv6. IPv6 sockets take IPv6
/// only. Errors: `failed to listen on tcp://127.0.0.1:80: bind: Permission denied`. Blocks on name
/// lookup if `host` is neither numeric nor in the hosts file.
result<listener_socket> open_tcp_listener(const std::string& host, std::uint16_t port);

/// Listens on a socket file at `path` (at most 107 bytes). A socket that nobody answers on is
/// replaced; one that is answered, and anything that is not a socket, is an error and stays.
/// The file never has wider permissions than asked for, and the process' umask plays no part.
/// Source: clauses 3.2, C1-C3, K-21.
/// Errors: `failed to listen on unix:///run/x.sock: another daemon is listening on it`,
/// `...: Group X not found`, `...: bind: No such file or directory`.
result<listener_socket> open_unix_listener(const std::string& path,
                                           const unix_socket_options& options = {});

/// The gid for a SocketGroup value.
struct group_lookup {
  gid_t gid = 0;
  std::string warning; ///< `Could not find GID N` if a number is not in the file; else empty
};

/// Finds the group whose name or decimal gid is `group`, the first line wins (C1). A number that is
/// not in the file stands for itself, with a warning; anything else is `Group X not found` (C2).
result<group_lookup> find_group(std::string_view group, const std::string& group_file);

/// Looks at a socket somebody else opened: it must be a listening stream socket of IPv4, IPv6 or
/// the unix domain. Makes it nonblocking and close-on-exec. Takes `fd` only on success.
result<listener_socket> adopt_listener(unique_fd& fd);

} // namespace gantry::host
