#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

/// The number of a request goes with everything that is done for it: from message to message, into
/// the tasks of worker pools and back, and into the log. Nobody passes it on by hand.
namespace gantry::runtime {

/// The request that this thread works for now, 0 if none: that of the message an actor handles, or
/// of the task that a worker pool runs.
constinit inline thread_local std::uint64_t current_request = 0;

/// What the next actors that this thread spawns work for as long as they live; see `spawn_for`.
constinit inline thread_local std::uint64_t spawn_request = 0;

/// While it lives, actors that this thread spawns work for that request for all their lives, also
/// while they handle messages that came for none (timers, sockets). For jobs.
class spawn_for {
public:
  explicit spawn_for(std::uint64_t request) noexcept { spawn_request = request; }
  spawn_for(const spawn_for&) = delete;
  spawn_for& operator=(const spawn_for&) = delete;
  ~spawn_for() { spawn_request = 0; }
};

/// This thread works for a request for the length of a scope.
class request_scope {
public:
  explicit request_scope(std::uint64_t request) noexcept : before_(current_request) {
    current_request = request;
  }
  request_scope(const request_scope&) = delete;
  request_scope& operator=(const request_scope&) = delete;
  ~request_scope() { current_request = before_; }

private:
  std::uint64_t before_;
};

/// The requests of messages that are on their way. A message of CAF has no room for it, so it
/// stands in a table of its own, found by the message's address: a word is written when a message
/// is put into a mailbox and read when it is taken out, a few nanoseconds. A message that meets
/// another one in its place loses its request, and never gets a wrong one.
///
/// Any thread; whoever takes a message out of a mailbox sees what was written before it was put in.
class request_tags {
public:
  /// Before a message is put into a mailbox.
  static void put(const void* message, std::uint64_t request) noexcept {
    auto [word, tag] = place(message);
    if (request != 0)
      word->store(tag << request_bits | (request & request_mask), std::memory_order_relaxed);
    else if (word->load(std::memory_order_relaxed) >> request_bits == tag)
      word->store(0, std::memory_order_relaxed); // of another message that was at this address
  }

  /// The request of a message that was taken out, 0 if it had none or it is not known.
  static std::uint64_t of(const void* message) noexcept {
    auto [word, tag] = place(message);
    auto found = word->load(std::memory_order_relaxed);
    return found >> request_bits == tag ? found & request_mask : 0;
  }

private:
  static constexpr unsigned request_bits = 40;
  static constexpr std::uint64_t request_mask = (std::uint64_t{1} << request_bits) - 1;
  static constexpr std::uint64_t tag_mask = (std::uint64_t{1} << (64 - request_bits)) - 1;
  static constexpr unsigned align_bits = 4;
  static constexpr unsigned place_bits = 12;
  static constexpr std::size_t places = std::size_t{1} << place_bits;

  struct found_place {
    std::atomic<std::uint64_t>* word;
    std::uint64_t tag;
  };
  /// Place and tag together are the address, but for bits in which blocks of one heap do not
  /// differ.
  static found_place place(const void* message) noexcept {
    auto address = reinterpret_cast<std::uintptr_t>(message) >> align_bits;
    auto tag = (address >> place_bits) & tag_mask;
    return {&words_[(address ^ tag) & (places - 1)], tag};
  }

  static inline std::array<std::atomic<std::uint64_t>, places> words_{};
};

} // namespace gantry::runtime
