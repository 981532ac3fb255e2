#pragma once

#include "actors/runtime/history.hpp"
#include "actors/runtime/request.hpp"
#include "actors/runtime/ticks.hpp"

#include <caf/fwd.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <typeinfo>
#include <vector>

namespace gantry::runtime {

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

/// A message that a traced actor has handled.
struct traced_message {
  ticks began = 0; ///< when it was taken out of the mailbox
  ticks took = 0;
  ticks waited = 0;          ///< in the mailbox, at least; 0: not known
  std::uint64_t sender = 0;  ///< 0: it does not say
  std::uint64_t request = 0; ///< that it was for, 0 if none
  const std::type_info* type = nullptr;
};

/// What is counted about one actor; a base of every actor started with `gantry::runtime::spawn`.
/// Written by the thread that runs the actor (and by senders: `enqueued`), read by any thread.
class actor_record {
public:
  /// Enters the record into `registry`, if there is one. `control` is the actor's own.
  actor_record(actor_registry* registry, std::uint64_t id, std::uint64_t parent, kind_id kind,
               caf::actor_control_block* control);
  actor_record(const actor_record&) = delete;
  actor_record& operator=(const actor_record&) = delete;
  ~actor_record();

  /// The actor has ended, though others may hold its handle: takes the record out of the registry.
  /// Only by the thread that runs the actor.
  void retire();

  /// The actor is about to end, for that reason ("": it is done); told once.
  void note_end(std::string reason);
  /// The actor got a message that it has no handler for.
  void note_dead_letter(const std::type_info* type);
  /// What the actor is called besides its kind: the name of a container, an address.
  void set_label(std::string label);

  /// Keeps a message that was handled, if the actor is traced. Only by the thread that runs it.
  void note_message(const traced_message& m);
  /// Keeps who sends a message to a traced actor, for messages do not say it. Any thread, before
  /// the message is put into the mailbox.
  void note_sender(const void* message, std::uint64_t sender);
  /// The sender of a message to a traced actor, 0 if it is none or not known.
  std::uint64_t sender_of(const void* message) const;
  /// At the beginning of a turn of an actor that seems paused: keeps `me`, the actor, with a
  /// reference of its own until it is resumed, perhaps before this returns. False: it is not paused
  /// (any more), and nothing was done.
  bool park(caf::resumable* me);

  const std::uint64_t id;
  const std::uint64_t parent; ///< id of the actor that spawned this one, 0 if none
  const kind_id kind;
  std::atomic<bool> paused{false}; ///< changed under the lock of its shard, as the next one
  std::atomic<bool> traced{false};
  const ticks created = now_ticks();

  std::atomic<std::uint64_t> enqueued{0}; ///< messages ever put into the mailbox
  single_writer_counter handled;          ///< messages ever taken out
  single_writer_counter busy;             ///< ticks spent in handlers
  /// When it became ready to run, or, while it runs, when the first message came that waits behind
  /// the present one; 0 if neither, or if those that wait were there before the present one began.
  std::atomic<ticks> waiting_since{0};
  std::atomic<const std::type_info*> present{nullptr}; ///< type of the message being handled
  std::atomic<ticks> present_since{0};                 ///< 0: it neither handles one nor starts
  std::atomic<std::uint64_t> present_request{0}; ///< that the present message is for, 0 if none
  std::atomic<std::uint64_t> own_request; ///< that the actor works for by itself; see `works_for`

private:
  friend class actor_registry;
  /// What few actors have.
  struct extras;
  /// Unless it is traced or paused; under the lock of its shard.
  void drop_extras();

  std::atomic<actor_registry*> registry_; ///< null once it has ended; senders read it too
  caf::actor_control_block* const control_;
  std::unique_ptr<const std::string> label_; ///< under the lock of its shard
  std::unique_ptr<extras> extras_;           ///< the same
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
  /// How long the message that waits longest has waited, at least: exactly, if it came while none
  /// waited; if others were before it, since the last of them was taken out.
  std::chrono::nanoseconds oldest{0};
  std::uint64_t request = 0; ///< that it works for now, 0 if none
  std::string label;         ///< see `actor_record::set_label`
  bool paused = false;       ///< it has no turns, though it may be at the end of one
  bool traced = false;
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

  /// The same about those with more than `least` messages in their mailbox.
  std::vector<actor_snapshot> crowded(std::uint64_t least) const;

  /// The same about one; nothing if it does not live.
  std::optional<actor_snapshot> find(std::uint64_t id) const;

  /// A handle of a living actor; null if there is none of that id. Let go of it in an actor only:
  /// the last handle takes the actor's state with it, on the thread that has it.
  caf::strong_actor_ptr handle(std::uint64_t id) const;

  /// Actors that are traced at the same time, at most.
  static constexpr std::size_t most_traced = 16;
  /// Messages that are kept of each of them.
  static constexpr std::size_t messages_traced = 64;

  enum class tracing : std::uint8_t {
    begun,    ///< or it was traced already
    no_actor, ///< none of that id lives
    too_many, ///< that are traced
  };
  /// From here on the last messages of that actor are kept.
  tracing begin_trace(std::uint64_t id);
  /// Forgets them. False if there is no living actor of that id.
  bool end_trace(std::uint64_t id);
  /// The messages of a traced actor since the trace has begun, the oldest first.
  kept_part<traced_message> messages_of(std::uint64_t id) const;

  /// That actor takes no turns after the present one; see `scheduler::pause`.
  bool pause(std::uint64_t id);
  /// It takes turns again. What was kept from its turn, if anything, is `parked`, with a reference
  /// for the caller. False if there is no living actor of that id.
  bool unpause(std::uint64_t id, caf::resumable*& parked);
  /// No actor is paused any more, nor will be one; answers what was kept from its turn, each with a
  /// reference for the caller.
  std::vector<caf::resumable*> end_pauses();

  /// Number of living actors.
  std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

  runtime::history& history() noexcept { return history_; }
  const runtime::history& history() const noexcept { return history_; }

private:
  friend class actor_record;
  static constexpr std::size_t shards = 16;
  struct alignas(64) shard {
    mutable std::mutex mutex;
    actor_record* first = nullptr;
  };
  void enter(actor_record& record);
  void leave(actor_record& record);
  static actor_snapshot copy(const actor_record& record);
  /// The record of that id, under the lock of its shard; null if there is none.
  static actor_record* look(const shard& s, std::uint64_t id) noexcept;

  std::array<shard, shards> shards_;
  runtime::history history_;
  std::atomic<std::size_t> size_{0};
  std::atomic<std::size_t> traced_{0};
  std::atomic<bool> pauses_over_{false};
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
