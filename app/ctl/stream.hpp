#pragma once

#include "actors/host/listen_address.hpp"
#include "actors/host/stream_io.hpp"
#include "actors/host/unique_fd.hpp"
#include "protocol/error.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;

namespace gantry::ctl {

using steady = std::chrono::steady_clock;
using deadline = steady::time_point;

/// Files in PEM for a tcp address.
struct tls_files {
  std::string ca;   ///< who may vouch for the daemon; empty: whom this machine trusts
  std::string cert; ///< empty: none is shown
  std::string key;
};

/// A way for bytes to a daemon: a unix socket, or TCP with TLS 1.2 or later and the daemon's
/// certificate checked. Blocking, for one thread; each call has a deadline, and none goes on once
/// the descriptor `cancel` can be read (-1: there is none). Errors: not_found (nobody is there),
/// forbidden (no permission), unavailable (the deadline has passed, or it was cancelled), system.
class stream {
public:
  /// Connects. Texts: `connect: Connection refused`, `lookup x: Name or service not known`,
  /// `x509: certificate signed by unknown authority`.
  static result<std::unique_ptr<stream>> open(const host::listen_address& where,
                                              const tls_files& files, deadline until, int cancel);
  ~stream() { io_.end_writing(); }
  stream(stream&&) = delete;

  result<void> write(std::string_view bytes, deadline until);
  /// Fills the front of `buffer`; 0 at the end.
  result<std::size_t> read(char* buffer, std::size_t size, deadline until);

private:
  explicit stream(int cancel) noexcept : cancel_(cancel) {}

  result<void> connect_unix(const std::string& path, deadline until);
  result<void> connect_tcp(const host::listen_address& where, deadline until);
  result<void> connect(int family, const void* address, std::size_t size, deadline until);
  result<void> secure(const host::listen_address& where, const tls_files& files, deadline until);
  result<void> load(const tls_files& files);
  /// Waits as long as `status` says that it has to; false at the end. Errors: it is gone.
  result<bool> ready(host::io_status status, std::string_view step, deadline until);
  /// With no events: for the time alone.
  result<void> wait(short events, deadline until);

  struct context_deleter {
    void operator()(ssl_ctx_st* context) const noexcept;
  };

  int cancel_;
  host::unique_fd fd_;
  std::unique_ptr<ssl_ctx_st, context_deleter> context_;
  host::stream_io io_;
};

} // namespace gantry::ctl
