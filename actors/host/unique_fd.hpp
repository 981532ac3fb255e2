#pragma once

#include <unistd.h>

#include <utility>

namespace gantry::host {

/// Owns one file descriptor and closes it. Moves, does not copy; -1 is "none".
/// Everything that makes a descriptor passes O_CLOEXEC (or its like) in the same call.
class unique_fd {
public:
  unique_fd() noexcept = default;
  /// Takes ownership of `fd`; a negative value is "none".
  explicit unique_fd(int fd) noexcept : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(other.release()) {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~unique_fd() { reset(); }

  /// The descriptor, still owned here; -1 if none.
  int get() const noexcept { return fd_; }
  /// True if a descriptor is owned.
  explicit operator bool() const noexcept { return fd_ >= 0; }
  /// Gives up ownership without closing.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  /// Closes what is owned, then owns `fd`.
  void reset(int fd = -1) noexcept {
    // NOTE: after EINTR the descriptor is gone on Linux (close(2)); a retry could close a
    // stranger's.
    if (int old = std::exchange(fd_, fd); old >= 0)
      ::close(old);
  }

private:
  int fd_ = -1;
};

/// Sets FD_CLOEXEC. False with errno if `fd` is not open.
bool set_cloexec(int fd) noexcept;

/// Sets O_NONBLOCK. False with errno if `fd` is not open.
bool set_nonblocking(int fd) noexcept;

/// A second descriptor for the same open file, with FD_CLOEXEC. Empty with errno on failure.
unique_fd duplicate(int fd) noexcept;

} // namespace gantry::host
