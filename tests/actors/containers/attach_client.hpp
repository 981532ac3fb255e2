#pragma once

#include "actors/host/unique_fd.hpp"
#include "protocol/stream/frame.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace gantry::test {

/// The client's end of a session.
class attach_client {
public:
  /// One end; `server_end` is the other, which does not block.
  explicit attach_client(host::unique_fd& server_end) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
      throw std::runtime_error("socketpair");
    fd_.reset(ends[0]);
    server_end.reset(ends[1]);
  }

  /// Sends what goes now; how much that was.
  std::size_t try_send(std::string_view bytes) {
    const auto n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }
  /// Waits for room, at most 30 s.
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      wait_for(POLLOUT);
      bytes.remove_prefix(try_send(bytes));
    }
  }
  void half_close() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }
  int fd() const noexcept { return fd_.get(); }

  /// All that is there now.
  std::string receive() {
    std::string all;
    while (auto n = read_some(all))
      static_cast<void>(n);
    return all;
  }
  /// Reads until `text` is the end of it all, at most 30 s without a byte.
  std::string receive_until(std::string_view text) {
    std::string all;
    while (!std::string_view{all}.ends_with(text)) {
      wait_for(POLLIN);
      if (read_some(all) == 0 && ended_)
        throw std::runtime_error("the end came instead, after: " + all);
    }
    return all;
  }
  /// Reads to the end.
  std::string receive_all() {
    std::string all;
    while (!ended_) {
      wait_for(POLLIN);
      read_some(all);
    }
    return all;
  }
  bool ended() const noexcept { return ended_; }

private:
  void wait_for(short what) {
    pollfd wait{fd_.get(), what, 0};
    if (::poll(&wait, 1, 30'000) != 1)
      throw std::runtime_error("the session does nothing");
  }
  std::size_t read_some(std::string& all) {
    static std::array<char, 256 * 1024> buffer;
    const auto n = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    const auto size = static_cast<std::size_t>(std::max<ssize_t>(n, 0));
    all.append(buffer.data(), size);
    ended_ = ended_ || n == 0;
    return size;
  }

  host::unique_fd fd_;
  bool ended_ = false;
};

/// What came of each output.
struct demultiplexed {
  std::string out;
  std::string err;
  std::string error; ///< of a `system_error` frame
};

inline demultiplexed demultiplex(std::string_view bytes) {
  demultiplexed all;
  stream::frame_decoder frames;
  while (!bytes.empty()) {
    auto piece = frames.next(bytes);
    if (!piece) {
      all.error = piece.error().message;
      break;
    }
    if (*piece)
      ((*piece)->from == stream::channel::standard_error ? all.err : all.out) += (*piece)->bytes;
  }
  return all;
}

} // namespace gantry::test
