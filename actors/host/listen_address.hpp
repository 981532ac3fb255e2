#pragma once

#include "protocol/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace gantry::host {

/// Job error for a serveapi argument list that is empty or has a member without `://`.
/// Source: clause A1.
inline constexpr const char* serveapi_usage = "usage: serveapi PROTO://ADDR [PROTO://ADDR ...]";

/// Error for a protocol that cannot be served. Source: clause 3.2 step 9, raised before listening
/// as in 8.1.
inline constexpr const char* invalid_protocol = "Invalid protocol format.";

/// Where the daemon listens when no -H is given.
inline constexpr const char* default_unix_path = "/var/run/docker.sock";

/// How a listening socket comes about.
enum class listen_proto : std::uint8_t {
  tcp,         ///< `tcp://HOST:PORT`
  unix_socket, ///< `unix://PATH`
  fd,          ///< `fd://SELECTOR`: handed over by the init system
};

/// The scheme of a protocol: `tcp`, `unix`, `fd`.
const char* to_string(listen_proto proto) noexcept;

/// One -H value in normal form.
struct listen_address {
  listen_proto proto = listen_proto::unix_socket;
  /// What stands after `://`: `127.0.0.1:2375`, `[::1]:2375`, `/var/run/docker.sock`, `*`.
  std::string address;
  /// tcp only: host without brackets, never empty.
  std::string host;
  /// tcp only: 0 lets the kernel choose.
  std::uint16_t port = 0;

  friend bool operator==(const listen_address&, const listen_address&) = default;
};

/// `PROTO://ADDRESS`; parsing it again gives the same value.
std::string to_string(const listen_address& address);

/// Parses and normalises a -H value. Surrounding white space is dropped; nothing (or `unix://`) is
/// the default unix socket, a missing tcp host is 127.0.0.1, a missing scheme is tcp.
/// Errors (invalid_parameter): `Invalid bind address format: REST`,
/// `Invalid bind address protocol: INPUT`. Source: table 2.2.
/// Beyond 1.2.0: IPv6 hosts in brackets, and port 0; ports above 65535 are refused here.
result<listen_address> parse_listen_address(std::string_view text);

/// The two halves of a serveapi argument, views into it.
struct proto_addr {
  std::string_view proto;
  std::string_view addr;
};

/// Splits `PROTO://ADDR` at the first `://`; without one the error is `serveapi_usage`.
result<proto_addr> split_proto_addr(std::string_view arg);

/// A serveapi argument as an address: `serveapi_usage` without `://`, `invalid_protocol` for
/// anything but tcp, unix and fd, else as `parse_listen_address`.
result<listen_address> parse_serveapi_arg(std::string_view arg);

} // namespace gantry::host
