#pragma once

#include "actors/host/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace gantry::host {

/// How a read, write or handshake went.
enum class io_status : std::uint8_t {
  ok,          ///< `size` bytes were moved (or the handshake is done)
  wants_read,  ///< nothing more now; go on when there is something to read
  wants_write, ///< nothing more now; go on when something can be written
  eof,         ///< the peer has ended its side
  gone,        ///< reset, broken pipe, TLS failure: of no further use
};

struct io_result {
  io_status status = io_status::ok;
  std::size_t size = 0;
};

/// The bytes of a connected socket, with or without TLS on the server's side. Never waits, whatever
/// the descriptor's mode without TLS, and if it is nonblocking with it. Does not own the
/// descriptor.
class stream_io {
public:
  stream_io() = default;
  explicit stream_io(int fd) noexcept : fd_(fd) {}
  stream_io(const stream_io&) = delete;
  stream_io& operator=(const stream_io&) = delete;
  ~stream_io() { drop_tls(); }

  /// The descriptor to use; before anything else.
  void use(int fd) noexcept { fd_ = fd; }
  /// A handshake comes first from here on. False if there is no memory.
  bool begin_tls(ssl_ctx_st* context);

  bool is_tls() const noexcept { return tls_ != nullptr; }
  ssl_st* tls() const noexcept { return tls_; }
  /// Goes on with the TLS handshake; `ok` when it is done (at once without TLS).
  io_status handshake();
  /// Why the last handshake or TLS operation failed, for the log.
  const std::string& tls_error() const noexcept { return tls_error_; }
  /// The first bytes that wait in the socket, without taking them; for telling TLS from HTTP.
  std::string peek(std::size_t most) const;
  /// Goes on without TLS, after a handshake that failed: the socket's bytes as they are.
  void drop_tls() noexcept;

  io_result read(char* to, std::size_t most);
  io_result write(std::string_view bytes);
  /// Sends what ends our side (FIN, close_notify); the peer may still be read.
  void end_writing() noexcept;
  /// Bytes that TLS has decrypted and not yet handed out: no readiness will announce them.
  bool has_pending() const noexcept;

private:
  io_status tls_status(int result);

  int fd_ = -1;
  ssl_st* tls_ = nullptr;
  std::string tls_error_;
};

} // namespace gantry::host
