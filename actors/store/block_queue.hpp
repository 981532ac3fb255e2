#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

namespace gantry::store {

/// A piece of a stream: filled by one thread, then read by any number of them.
class block {
public:
  static constexpr std::size_t capacity = std::size_t{256} * 1024;

  block() : bytes_(std::make_unique_for_overwrite<char[]>(capacity)) {}

  /// What it holds.
  std::string_view view() const noexcept { return {bytes_.get(), size_}; }
  /// What is still free behind that.
  std::span<char> room() noexcept { return {bytes_.get() + size_, capacity - size_}; }
  /// Says that the first `n` bytes of `room` were filled.
  void filled(std::size_t n) noexcept { size_ += n; }
  void clear() noexcept { size_ = 0; }

private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

/// Goes back to its pool with the last copy.
using block_ptr = std::shared_ptr<block>;

/// The blocks of one stage: made when first needed, reused, and never more than so many. That is
/// what bounds a pipeline: its queues take all that the pool has. It outlives its blocks.
class block_pool {
public:
  explicit block_pool(std::size_t limit) : limit_(limit) {}
  block_pool(const block_pool&) = delete;
  block_pool& operator=(const block_pool&) = delete;

  /// An empty block; waits until there is one. None after `stop`.
  block_ptr take();
  /// Wakes who waits; from now on there are none.
  void stop() noexcept;

private:
  void give_back(std::unique_ptr<block> b) noexcept;

  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable free_one_;
  std::vector<std::unique_ptr<block>> free_;
  std::size_t made_ = 0;
  bool stopped_ = false;
};

/// Hands blocks to one reading thread, in order.
class block_queue {
public:
  /// Never waits.
  void push(block_ptr b);
  /// Nothing more will be pushed.
  void end() noexcept;
  /// The next block; waits for it. None at the end, or after `stop`.
  block_ptr pop();
  /// Drops what is in it and wakes the reader. The stream was not whole.
  void stop() noexcept;
  /// True after `stop`: the end that `pop` told is none.
  bool stopped() const noexcept;

private:
  mutable std::mutex mutex_;
  std::condition_variable something_;
  std::deque<block_ptr> blocks_;
  bool ended_ = false;
  bool stopped_ = false;
};

} // namespace gantry::store
