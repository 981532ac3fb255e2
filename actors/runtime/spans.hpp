#pragma once

#include "actors/runtime/history.hpp"
#include "actors/runtime/ticks.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <typeinfo>
#include <vector>

namespace gantry::runtime {

/// A message that an actor has handled for a request, or its start.
struct span {
  ticks began = 0;  ///< when it was taken out of the mailbox
  ticks took = 0;   ///< rounded to 24 bits, as the next one
  ticks waited = 0; ///< in the mailbox, at least; 0: not known
  std::uint64_t actor = 0;
  std::uint64_t request = 0;               ///< never 0
  const std::type_info* message = nullptr; ///< null: the actor started
  kind_id kind = 0;
};

/// The last messages that a thread has handled for requests, so that a request can be looked at
/// after the fact. Written by that thread alone, without a lock, in a few nanoseconds; any thread
/// reads. Memory comes in blocks as they are needed, 80 KiB in the end.
class span_ring {
public:
  static constexpr std::size_t capacity = 2048;

  /// With false it keeps nothing.
  explicit span_ring(bool keeps = true) noexcept : keeps_(keeps) {}
  span_ring(const span_ring&) = delete;
  span_ring& operator=(const span_ring&) = delete;
  ~span_ring();

  /// Without memory for it, it is not kept.
  void add(const span& s) noexcept {
    if (!keeps_)
      return;
    auto at = count_.load(std::memory_order_relaxed);
    auto& place = blocks_[at / block_size % blocks_.size()];
    auto* b = place.load(std::memory_order_relaxed);
    if (!b && !(b = make(place)))
      return;
    write((*b)[at % block_size], s);
    count_.store(at + 1, std::memory_order_release);
  }

  /// Those that are kept, the oldest first.
  std::vector<span> all() const;

private:
  /// Every store releases and every load acquires (which costs nothing on x86-64): who has read
  /// anything of the span at some place in the row sees that all before it were counted.
  struct entry {
    std::atomic<ticks> began;
    std::atomic<std::uint64_t> times; ///< two floats: took and waited
    std::atomic<std::uint64_t> actor;
    std::atomic<std::uint64_t> request_and_kind;
    std::atomic<const std::type_info*> message;
  };
  static constexpr std::size_t block_size = 128;
  using block = std::array<entry, block_size>;

  static void write(entry& e, const span& s) noexcept;
  static span read(const entry& e) noexcept;
  static block* make(std::atomic<block*>& place) noexcept;

  const bool keeps_;
  std::atomic<std::uint64_t> count_{0}; ///< of all that ever were
  std::array<std::atomic<block*>, capacity / block_size> blocks_{};
};

} // namespace gantry::runtime
