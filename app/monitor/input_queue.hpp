#pragma once

#include "actors/host/unique_fd.hpp"
#include "app/monitor/event_loop.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

namespace gantry::monitor {

/// Input on its way to the process, in the order in which it came from all clients. The process
/// reads when it likes; nothing waits for it.
class input_queue {
public:
  /// What is told to the owner; not from within `push` or `close`.
  struct handlers {
    /// So many bytes of that writer are gone.
    std::function<void(std::uint64_t writer, std::size_t bytes)> written;
    /// The process has closed its end, or we ours: nothing is taken any more.
    std::function<void()> closed;
  };

  input_queue(event_loop& loop, handlers told);

  /// Writes to this from now on: the write end of a pipe, or a terminal. Non-blocking.
  void open(host::unique_fd fd);

  /// False before `open` only if it never will be, and after the end.
  bool is_open() const noexcept { return !closed_; }

  void push(std::uint64_t writer, std::string_view bytes);
  /// Ends the process's input when all before it is written.
  void close();
  /// Ends it now; what is queued is dropped.
  void abandon();

  /// Bytes queued.
  std::size_t size() const noexcept { return size_; }

private:
  struct piece {
    std::uint64_t writer = 0;
    std::string bytes;
    std::size_t used = 0;
  };

  void on_event(std::uint32_t events);
  void update_watch();

  event_loop& loop_;
  handlers told_;
  host::unique_fd fd_;
  fd_watch watch_;
  std::deque<piece> pieces_;
  std::size_t size_ = 0;
  bool closing_ = false;
  bool closed_ = false;
};

} // namespace gantry::monitor
