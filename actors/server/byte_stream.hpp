#pragma once

#include "actors/core/messages.hpp"
#include "actors/host/stream_io.hpp"
#include "actors/host/unique_fd.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace gantry::core {

/// What a socket is ready for, or waited for.
enum class readiness : std::uint8_t {
  read,
  write,
  hangup, ///< the peer has gone; a look with `peer_is_gone` tells it from urgent data
  again,  ///< never waited for: its owner's own turn to go on where it stopped
};

/// Tells the owner of a socket that a wait is over: it is ready, broken, or the wait was cancelled
/// (`aborted`).
struct io_ready {
  readiness what = readiness::read;
  bool aborted = false;
  std::uint32_t source = 0; ///< as given to `wait`
};

using host::io_result;
using host::io_status;

/// A connected socket, with or without TLS, that never blocks: reads and writes do what is possible
/// now, and `wait` sends a message when more is. One owner at a time; calls only from the owner's
/// handlers. The descriptor closes with the last reference, which a pending wait holds too.
class byte_stream : public std::enable_shared_from_this<byte_stream> {
public:
  /// Takes a nonblocking descriptor. With a TLS context the server's side of a handshake comes
  /// first. Null (and the descriptor closed) if there is no memory or no room in epoll(7).
  static std::shared_ptr<byte_stream> make(boost::asio::io_context& io, host::unique_fd fd,
                                           ssl_ctx_st* tls);
  byte_stream(const byte_stream&) = delete;
  byte_stream& operator=(const byte_stream&) = delete;

  bool is_tls() const noexcept { return bytes_.is_tls(); }
  ssl_st* tls() const noexcept { return bytes_.tls(); }
  int fd() noexcept { return descriptor_.native_handle(); }
  /// Where it is watched: what works together with it is best watched there too.
  boost::asio::io_context& io() noexcept { return io_; }

  /// Goes on with the TLS handshake; `ok` when it is done (at once without TLS).
  io_status handshake() { return bytes_.handshake(); }
  /// Why the last handshake or TLS operation failed, for the log.
  std::string tls_error() const { return bytes_.tls_error(); }
  /// The first bytes that wait in the socket, without taking them; for telling TLS from HTTP.
  std::string peek(std::size_t most) const { return bytes_.peek(most); }
  /// Goes on without TLS, after a handshake that failed: the socket's bytes as they are.
  void drop_tls() noexcept { bytes_.drop_tls(); }

  io_result read(char* to, std::size_t most) { return bytes_.read(to, most); }
  io_result write(std::string_view bytes) { return bytes_.write(bytes); }

  /// Sends one `io_ready` to `owner` when the socket is ready. At most one wait of each kind may be
  /// pending. `source` comes back with it, for owners of several sockets.
  void wait(readiness what, caf::strong_actor_ptr owner, std::uint32_t source = 0);
  /// Pending waits end with `aborted`.
  void cancel() noexcept;

  /// True if the peer has closed both directions or the socket is broken; a peer that only ended
  /// its writing side is still there.
  bool peer_is_gone() noexcept;
  /// Bytes of ours that the other end has not read yet, with what the kernel keeps about them, as
  /// far as that can be known (SIOCOUTQ of unix(7)); else 0.
  std::size_t unread_by_peer() noexcept;
  /// Sends what ends our side (FIN, close_notify); the peer may still be read.
  void end_writing() noexcept { bytes_.end_writing(); }
  /// Bytes that TLS has decrypted and not yet handed out: no readiness will announce them.
  bool has_pending() const noexcept { return bytes_.has_pending(); }

private:
  explicit byte_stream(boost::asio::io_context& io);

  boost::asio::io_context& io_;
  boost::asio::posix::stream_descriptor descriptor_;
  host::stream_io bytes_;
};

} // namespace gantry::core

GANTRY_LOCAL_MESSAGE(gantry::core::io_ready)
