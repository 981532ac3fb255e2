#include "actors/host/stream_io.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace gantry::host {

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

bool stream_io::begin_tls(ssl_ctx_st* context) {
  drop_tls();
  tls_ = SSL_new(context);
  if (!tls_ || SSL_set_fd(tls_, fd_) != 1) {
    ERR_clear_error();
    drop_tls();
    return false;
  }
  SSL_set_accept_state(tls_);
  // What could not be written is tried again from another place in memory, and perhaps with more.
  SSL_set_mode(tls_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return true;
}

io_status stream_io::tls_status(int result) {
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

io_status stream_io::handshake() {
  if (!tls_)
    return io_status::ok;
  ERR_clear_error();
  auto result = SSL_do_handshake(tls_);
  return result == 1 ? io_status::ok : tls_status(result);
}

std::string stream_io::peek(std::size_t most) const {
  std::string bytes(most, '\0');
  auto n = ::recv(fd_, bytes.data(), most, MSG_PEEK | MSG_DONTWAIT);
  bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return bytes;
}

void stream_io::drop_tls() noexcept {
  SSL_free(tls_);
  tls_ = nullptr;
}

io_result stream_io::read(char* to, std::size_t most) {
  if (tls_) {
    ERR_clear_error();
    auto n = SSL_read(tls_, to, static_cast<int>(most));
    if (n > 0)
      return {io_status::ok, static_cast<std::size_t>(n)};
    return {tls_status(n), 0};
  }
  for (;;) {
    auto n = ::recv(fd_, to, most, MSG_DONTWAIT);
    if (n > 0)
      return {io_status::ok, static_cast<std::size_t>(n)};
    if (n == 0)
      return {io_status::eof, 0};
    if (errno == EINTR)
      continue;
    return {errno == EAGAIN || errno == EWOULDBLOCK ? io_status::wants_read : io_status::gone, 0};
  }
}

io_result stream_io::write(std::string_view bytes) {
  if (tls_) {
    ERR_clear_error();
    constexpr std::size_t most = 1 << 20;
    auto n = SSL_write(tls_, bytes.data(), static_cast<int>(std::min(bytes.size(), most)));
    if (n > 0)
      return {io_status::ok, static_cast<std::size_t>(n)};
    return {tls_status(n), 0};
  }
  for (;;) {
    auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0)
      return {io_status::ok, static_cast<std::size_t>(n)};
    if (errno == EINTR)
      continue;
    return {errno == EAGAIN || errno == EWOULDBLOCK ? io_status::wants_write : io_status::gone, 0};
  }
}

void stream_io::end_writing() noexcept {
  if (tls_ && SSL_is_init_finished(tls_)) {
    ERR_clear_error();
    SSL_shutdown(tls_);
    ERR_clear_error();
  }
  ::shutdown(fd_, SHUT_WR);
}

bool stream_io::has_pending() const noexcept { return tls_ && SSL_pending(tls_) > 0; }

} // namespace gantry::host
