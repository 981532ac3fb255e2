#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace gantry::image {

/// When a layer was last being unpacked, by whatever operation: for work that can wait meanwhile.
/// An operation whose client sends nothing does not count. Any thread may use it.
class unpack_activity {
public:
  /// A step that takes as long as it takes, whatever the client does.
  class step {
  public:
    explicit step(unpack_activity& of) noexcept : of_(of) { ++of_.steps_; }
    step(const step&) = delete;
    step& operator=(const step&) = delete;
    ~step() {
      of_.note();
      --of_.steps_;
    }

  private:
    unpack_activity& of_;
  };

  /// A piece of a layer has come.
  void note() noexcept { last_.store(now(), std::memory_order_relaxed); }
  /// True if something is being unpacked, or was less than `span` ago.
  bool within(std::chrono::nanoseconds span) const noexcept {
    if (steps_.load() != 0)
      return true;
    const auto last = last_.load(std::memory_order_relaxed);
    return last != 0 && now() - last < span.count();
  }

private:
  static std::int64_t now() noexcept {
    return std::chrono::nanoseconds{std::chrono::steady_clock::now().time_since_epoch()}.count();
  }

  std::atomic<int> steps_{0};
  std::atomic<std::int64_t> last_{0};
};

} // namespace gantry::image
