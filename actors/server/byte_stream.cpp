#include "actors/server/byte_stream.hpp"

#include "actors/core/interfaces.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace gantry::core {

namespace {

std::string take_tls_error(const char* otherwise) {
  std::string text;
  while (auto code = ERR_get_error()) {
    char buffer[256];
    ERR_error_string_n(code, buffer, sizeof buffer);
    if (!text.empty())
      text += "; ";
    text += buffer;
  }
  return text.empty() ? otherwise : text;
}

} // namespace

byte_stream::byte_stream(boost::asio::io_context& io) : io_(io), descriptor_(io) {}

byte_stream::~byte_stream() { drop_tls(); }

std::shared_ptr<byte_stream> byte_stream::make(boost::asio::io_context& io, host::unique_fd fd,
                                               ssl_ctx_st* tls) {
  std::shared_ptr<byte_stream> stream{new byte_stream{io}};
  boost::system::error_code failed;
  stream->descriptor_.assign(fd.get(), failed);
  if (failed)
    return nullptr;
  static_cast<void>(fd.release()); // the stream's from here on
  if (tls) {
    stream->tls_ = SSL_new(tls);
    if (!stream->tls_ || SSL_set_fd(stream->tls_, stream->fd()) != 1) {
      ERR_clear_error();
      return nullptr;
    }
    SSL_set_accept_state(stream->tls_);
    // What could not be written is tried again from another place in memory, and perhaps with more.
    SSL_set_mode(stream->tls_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  }
  return stream;
}

io_status byte_stream::tls_status(int result) {
  switch (SSL_get_error(tls_, result)) {
  case SSL_ERROR_WANT_READ:
    return io_status::wants_read;
  case SSL_ERROR_WANT_WRITE:
    return io_status::wants_write;
  case SSL_ERROR_ZERO_RETURN:
    return io_status::eof;
  case SSL_ERROR_SYSCALL:
    tls_error_ = take_tls_error(errno != 0 ? std::strerror(errno) : "unexpected end");
    return io_status::gone;
  default:
    tls_error_ = take_tls_error("TLS failure");
    return io_status::gone;
  }
}

io_status byte_stream::handshake() {
  if (!tls_)
    return io_status::ok;
  ERR_clear_error();
  auto result = SSL_do_handshake(tls_);
  return result == 1 ? io_status::ok : tls_status(result);
}

std::string byte_stream::peek(std::size_t most) {
  std::string bytes(most, '\0');
  auto n = ::recv(fd(), bytes.data(), most, MSG_PEEK | MSG_DONTWAIT);
  bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return bytes;
}

void byte_stream::drop_tls() noexcept {
  SSL_free(tls_);
  tls_ = nullptr;
}

io_result byte_stream::read(char* to, std::size_t most) {
  if (tls_) {
    ERR_clear_error();
    auto n = SSL_read(tls_, to, static_cast<int>(most));
    if (n > 0)
      return {io_status::ok, static_cast<std::size_t>(n)};
    return {tls_status(n), 0};
  }
  for (;;) {
    auto n = ::recv(fd(), to, most, MSG_DONTWAIT);
    if (n > 0)
      return {io_status::ok, static_cast<std::size_t>(n)};
    if (n == 0)
      return {io_status::eof, 0};
    if (errno == EINTR)
      continue;
    return {errno == EAGAIN || errno == EWOULDBLOCK ? io_status::wants_read : io_status::gone, 0};
  }
}

io_result byte_stream::write(std::string_view bytes) {
  if (tls_) {
    ERR_clear_error();
    constexpr std::size_t most = 1 << 20;
    auto n = SSL_write(tls_, bytes.data(), static_cast<int>(std::min(bytes.size(), most)));
    if (n > 0)
      return {io_status::ok, static_cast<std::size_t>(n)};
    return {tls_status(n), 0};
  }
  for (;;) {
    auto n = ::send(fd(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0)
      return {io_status::ok, static_cast<std::size_t>(n)};
    if (errno == EINTR)
      continue;
    return {errno == EAGAIN || errno == EWOULDBLOCK ? io_status::wants_write : io_status::gone, 0};
  }
}

void byte_stream::wait(readiness what, caf::strong_actor_ptr owner, std::uint32_t source) {
  using descriptor = boost::asio::posix::stream_descriptor;
  descriptor_.async_wait(
      what == readiness::read    ? descriptor::wait_read
      : what == readiness::write ? descriptor::wait_write
                                 : descriptor::wait_error,
      [keep = shared_from_this(), owner = std::move(owner), what,
       source](const boost::system::error_code& ec) {
        tell(owner, io_ready{what, ec == boost::asio::error::operation_aborted, source});
      });
}

void byte_stream::cancel() noexcept {
  boost::system::error_code ignored;
  descriptor_.cancel(ignored);
}

bool byte_stream::peer_is_gone() noexcept {
  pollfd p{fd(), POLLIN, 0};
  return ::poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

std::size_t byte_stream::unread_by_peer() noexcept {
  int domain = 0;
  socklen_t size = sizeof domain;
  // NOTE: of tcp it tells what the other kernel has not acknowledged, which says nothing.
  if (::getsockopt(fd(), SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX)
    return 0;
  int bytes = 0;
  return ::ioctl(fd(), SIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

void byte_stream::end_writing() noexcept {
  if (tls_ && SSL_is_init_finished(tls_)) {
    ERR_clear_error();
    SSL_shutdown(tls_);
    ERR_clear_error();
  }
  ::shutdown(fd(), SHUT_WR);
}

bool byte_stream::has_pending() const noexcept { return tls_ && SSL_pending(tls_) > 0; }

} // namespace gantry::core
