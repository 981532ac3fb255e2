#pragma once

#include "actors/host/unique_fd.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace gantry::monitor {

/// Waits for descriptors and times, one thread, level-triggered (epoll(7)).
class event_loop {
public:
  /// Gets what epoll reports: EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR.
  using fd_handler = std::function<void(std::uint32_t events)>;
  using time_handler = std::function<void()>;

  event_loop();
  event_loop(event_loop&&) = delete;

  /// Runs handlers until `stop`.
  void run();
  void stop() noexcept { stopped_ = true; }

private:
  friend class fd_watch;
  friend class timer;
  using steady = std::chrono::steady_clock;
  using due = std::pair<steady::time_point, std::uint64_t>;

  void run_due_timers();
  int wait_time() const;

  host::unique_fd epoll_;
  // By number, not by descriptor: those are used again while old events are under way.
  std::map<std::uint64_t, std::shared_ptr<fd_handler>> watches_;
  std::map<due, time_handler> timers_;
  std::uint64_t last_number_ = 0;
  bool stopped_ = false;
};

/// While it lives, a handler is called for events of a descriptor. Goes before the descriptor is
/// closed. The handler may end it.
class fd_watch {
public:
  fd_watch() = default;
  /// `events` may be 0: EPOLLHUP and EPOLLERR come in any case.
  fd_watch(event_loop& loop, int fd, std::uint32_t events, event_loop::fd_handler handler);
  fd_watch(fd_watch&& other) noexcept;
  fd_watch& operator=(fd_watch&& other) noexcept;
  ~fd_watch() { reset(); }

  /// Changes the events.
  void want(std::uint32_t events);
  void reset() noexcept;
  explicit operator bool() const noexcept { return loop_ != nullptr; }

private:
  event_loop* loop_ = nullptr;
  int fd_ = -1;
  std::uint32_t events_ = 0;
  std::uint64_t number_ = 0;
};

/// Calls a handler once after a time, unless stopped or started anew before.
class timer {
public:
  explicit timer(event_loop& loop) : loop_{loop} {}
  timer(timer&&) = delete;
  ~timer() { stop(); }

  void start(std::chrono::milliseconds time, event_loop::time_handler handler);
  void stop() noexcept;
  bool running() const noexcept { return due_.second != 0; }

private:
  event_loop& loop_;
  event_loop::due due_;
};

} // namespace gantry::monitor
