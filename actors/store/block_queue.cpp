#include "actors/store/block_queue.hpp"

#include <utility>

namespace gantry::store {

block_ptr block_pool::take() {
  std::unique_ptr<block> taken;
  {
    std::unique_lock lock{mutex_};
    free_one_.wait(lock, [this] { return stopped_ || !free_.empty() || made_ < limit_; });
    if (stopped_)
      return nullptr;
    if (!free_.empty()) {
      taken = std::move(free_.back());
      free_.pop_back();
    } else {
      free_.reserve(limit_); // so that giving back needs no memory
      taken = std::make_unique<block>();
      ++made_;
    }
  }
  taken->clear();
  return {taken.release(), [this](block* b) { give_back(std::unique_ptr<block>{b}); }};
}

void block_pool::give_back(std::unique_ptr<block> b) noexcept {
  {
    const std::lock_guard lock{mutex_};
    free_.push_back(std::move(b));
  }
  free_one_.notify_one();
}

void block_pool::stop() noexcept {
  {
    const std::lock_guard lock{mutex_};
    stopped_ = true;
  }
  free_one_.notify_all();
}

void block_queue::push(block_ptr b) {
  {
    const std::lock_guard lock{mutex_};
    if (stopped_)
      return;
    blocks_.push_back(std::move(b));
  }
  something_.notify_one();
}

void block_queue::end() noexcept {
  {
    const std::lock_guard lock{mutex_};
    ended_ = true;
  }
  something_.notify_one();
}

block_ptr block_queue::pop() {
  std::unique_lock lock{mutex_};
  something_.wait(lock, [this] { return stopped_ || ended_ || !blocks_.empty(); });
  if (stopped_ || blocks_.empty())
    return nullptr;
  auto next = std::move(blocks_.front());
  blocks_.pop_front();
  return next;
}

void block_queue::stop() noexcept {
  std::deque<block_ptr> dropped;
  {
    const std::lock_guard lock{mutex_};
    stopped_ = true;
    dropped.swap(blocks_);
  }
  something_.notify_one();
}

bool block_queue::stopped() const noexcept {
  const std::lock_guard lock{mutex_};
  return stopped_;
}

} // namespace gantry::store
