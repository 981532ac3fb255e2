#pragma once

#include "actors/runtime/ticks.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <typeinfo>
#include <vector>

namespace gantry::runtime {

/// Small number of an actor kind (`connection`, `router`, ...); see `intern_kind`.
using kind_id = std::uint16_t;

inline constexpr std::size_t max_kinds = 128;

/// The number of the kind called `name`; the same text gives the same number. `name` must live for
/// ever (a literal). Any thread. With more than `max_kinds` names the last number is shared.
kind_id intern_kind(const char* name);

/// The inverse of `intern_kind`.
const char* kind_name(kind_id kind) noexcept;

/// The printable name of a message type: `gantry::core::run_job`. Null is the empty text.
std::string type_name(const std::type_info* type);

/// A counter that one thread writes and any thread reads.
class single_writer_counter {
public:
  void add(std::uint64_t n) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::uint64_t> value_{0};
};

/// Counts durations in powers of two of a tick. One writer.
class tick_histogram {
public:
  static constexpr std::size_t buckets = 48;

  void add(ticks t) noexcept {
    auto bucket = static_cast<std::size_t>(std::bit_width(t));
    counts_[bucket < buckets ? bucket : buckets - 1].add(1);
  }
  /// Number of durations d with 2^(i-1) <= d < 2^i ticks.
  std::uint64_t count(std::size_t i) const noexcept { return counts_[i].get(); }

private:
  std::array<single_writer_counter, buckets> counts_;
};

/// What one thread has counted about one kind. The sum over all threads is the kind's.
struct kind_counters {
  single_writer_counter spawned; ///< that had their first turn here
  single_writer_counter ended;
  single_writer_counter messages;
  single_writer_counter busy; ///< ticks spent in handlers
  tick_histogram waiting;     ///< from becoming ready to being resumed
  tick_histogram handling;    ///< one message
};

class actor_registry;

/// What is counted about one actor; a base of every actor started with `gantry::runtime::spawn`.
/// Written by the thread that runs the actor (and by senders: `enqueued`), read by any thread.
class actor_record {
public:
  /// Enters the record into `registry`, if there is one.
  actor_record(actor_registry* registry, std::uint64_t id, std::uint64_t parent, kind_id kind);
  actor_record(const actor_record&) = delete;
  actor_record& operator=(const actor_record&) = delete;
  ~actor_record();

  /// The actor has ended, though others may hold its handle: takes the record out of the registry.
  /// Only by the thread that runs the actor.
  void retire();

  const std::uint64_t id;
  const std::uint64_t parent; ///< id of the actor that spawned this one, 0 if none
  const kind_id kind;
  const ticks created = now_ticks();

  std::atomic<std::uint64_t> enqueued{0}; ///< messages ever put into the mailbox
  single_writer_counter handled;          ///< messages ever taken out
  single_writer_counter busy;             ///< ticks spent in handlers
  std::atomic<ticks> waiting_since{0};    ///< when it became ready to run, 0 if it is not
  std::atomic<const std::type_info*> present{nullptr}; ///< type of the message being handled
  std::atomic<ticks> present_since{0};                 ///< 0: it neither handles one nor starts

private:
  friend class actor_registry;
  actor_registry* registry_;
  actor_record* next_ = nullptr;
  actor_record* previous_ = nullptr;
};

/// A copy of what was known about one actor at one moment.
struct actor_snapshot {
  std::uint64_t id = 0;
  std::uint64_t parent = 0;
  const char* kind = "";
  std::chrono::nanoseconds age{0};
  std::uint64_t messages = 0;
  std::uint64_t mailbox = 0; ///< messages not yet handled, without the present one
  std::chrono::nanoseconds busy{0};
  std::chrono::nanoseconds waiting{0};     ///< how long it has been ready to run but not running
  std::string present;                     ///< type of the message being handled, or ""
  std::chrono::nanoseconds present_age{0}; ///< how long that, or its start, has been going on
};

/// A sum over all threads about one kind.
struct kind_snapshot {
  const char* kind = "";
  std::uint64_t live = 0;
  std::uint64_t spawned = 0;
  std::uint64_t messages = 0;
  std::chrono::nanoseconds busy{0};
  std::array<std::uint64_t, tick_histogram::buckets> waiting{};
  std::array<std::uint64_t, tick_histogram::buckets> handling{};
};

/// All living actors. Any thread may read; the cost for actors is an uncontended lock at their
/// beginning and end.
class actor_registry {
public:
  /// Copies what is known about every living actor. Takes each shard's lock for a moment.
  std::vector<actor_snapshot> snapshot() const;

  /// Number of living actors.
  std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

private:
  friend class actor_record;
  static constexpr std::size_t shards = 16;
  struct alignas(64) shard {
    mutable std::mutex mutex;
    actor_record* first = nullptr;
  };
  void enter(actor_record& record);
  void leave(actor_record& record);

  std::array<shard, shards> shards_;
  std::atomic<std::size_t> size_{0};
};

/// One thread's counters, by kind; made on first use so that unused kinds cost nothing.
class kind_table {
public:
  ~kind_table();

  /// Only for the owning thread.
  kind_counters& of(kind_id kind) {
    auto* counters = table_[kind].load(std::memory_order_relaxed);
    return counters ? *counters : make(kind);
  }
  /// Any thread; null if the kind never ran there.
  const kind_counters* peek(kind_id kind) const noexcept {
    return table_[kind].load(std::memory_order_acquire);
  }

private:
  kind_counters& make(kind_id kind);
  std::array<std::atomic<kind_counters*>, max_kinds> table_{};
};

} // namespace gantry::runtime
