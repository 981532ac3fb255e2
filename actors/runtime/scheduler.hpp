#pragma once

#include "actors/runtime/clock.hpp"
#include "actors/runtime/spans.hpp"
#include "actors/runtime/stats.hpp"

#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <sys/types.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace gantry::runtime {

class scheduler;

/// How I/O is divided among the threads.
///
/// Measured on two cores, same binary, `_ping` over loopback TCP, medians of alternating runs of a
/// second each, beside a bare Beast server (one io_context, two threads), while compilers ran too:
///
///                                        shared   per_thread   bare Beast
///     median latency, 1 connection       33 us        27 us        27 us
///     requests per second, 32            42,200       42,800       54,300
///     futex(2) calls per request, 1      3            0            3
///
/// With one io_context Asio wakes a second thread for each event, to look at the sockets while the
/// first one handles it; a lone client's requests wander from thread to thread that way. So one for
/// each thread is the default. What `shared` had for it, that a stuck thread holds up no sockets,
/// is had by a stand-in: see `scheduler::rescue`.
///
/// Where to wake a processor takes long, as on a virtual machine whose host has put it to sleep, it
/// decides whether the kernel puts the client and our thread on one processor, and wandering
/// threads meet there sooner. Medians of one connection on such a machine, in us:
///
///                                        per_thread   bare Beast, 1 thread   2 threads
///     where the kernel puts them         162 - 178    157 - 172              74 - 122
///     on a processor each                156 - 179    152 - 153
///     on one processor                    44 -  59     43 -  50
///
/// To look around for a while before a thread sleeps does not help there: 87 to 439 us, with wakes
/// of the client that came milliseconds late.
enum class io_layout {
  shared,     ///< one io_context, run by all threads
  per_thread, ///< one io_context for each thread
};

/// What a thread is doing now, for the watchdog and for inspection. Written by that thread alone;
/// a reader that sees the same `sequence` before and after has read one consistent moment. Every
/// store releases and every load acquires, which costs nothing on x86-64.
struct alignas(64) run_slot {
  std::atomic<std::uint64_t> sequence{0};
  std::atomic<ticks> since{0}; ///< 0: no actor is running
  std::atomic<std::uint64_t> actor{0};
  std::atomic<kind_id> kind{0};
  std::atomic<const std::type_info*> message{nullptr}; ///< null: the actor starts
  std::atomic<std::uint64_t> request{0};               ///< that the message is for, 0 if none

  /// The turn of an actor begins.
  void begin(std::uint64_t who, kind_id what, ticks now) noexcept {
    actor.store(who, std::memory_order_release);
    kind.store(what, std::memory_order_release);
    message.store(nullptr, std::memory_order_release);
    request.store(0, std::memory_order_release);
    since.store(now, std::memory_order_release);
  }
  /// The running actor begins with a message.
  void next(const std::type_info* type, std::uint64_t what_for, ticks now) noexcept {
    advance();
    message.store(type, std::memory_order_release);
    request.store(what_for, std::memory_order_release);
    since.store(now, std::memory_order_release);
  }
  /// The turn is over.
  void end() noexcept {
    since.store(0, std::memory_order_release);
    advance();
  }

private:
  void advance() noexcept {
    sequence.store(sequence.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
};

/// One thread that runs an io_context and, between its handlers, the actors that became ready.
class worker final : public caf::execution_unit {
public:
  worker(scheduler& owner, std::size_t index, boost::asio::io_context& io, bool keep_spans);

  /// The worker whose thread this is, or null on any other thread.
  static worker* current() noexcept;

  /// Puts an actor into this thread's queue. Only from this thread.
  void exec_later(caf::resumable* ready) override;

  boost::asio::io_context& io() noexcept { return io_; }
  scheduler& owner() noexcept { return owner_; }
  kind_table& kinds() noexcept { return kinds_; }
  const kind_table& kinds() const noexcept { return kinds_; }
  run_slot& slot() noexcept { return slot_; }
  const run_slot& slot() const noexcept { return slot_; }
  span_ring& spans() noexcept { return spans_; }
  const span_ring& spans() const noexcept { return spans_; }
  std::size_t index() const noexcept { return index_; }

  /// When the message that is being handled began. Only for this thread.
  ticks mark = 0;
  /// How long the first message of the turn has waited; 0 for the others, or if it is not known.
  /// Only for this thread.
  ticks waited = 0;
  /// The actor that has its turn, null if none. Only for this thread.
  actor_record* running = nullptr;

  /// The kernel's number of its thread, 0 while there is none. Any thread.
  pid_t tid() const noexcept { return tid_.load(std::memory_order_relaxed); }

  /// Asks the thread to show that it comes to its io_context; nothing if it has been asked already.
  /// Any thread.
  void ask_for_sign();
  /// True from `ask_for_sign` until the thread itself, not a stand-in, has come. With one
  /// io_context for all threads any of them will do. Any thread.
  bool sign_missing() const noexcept {
    return sign_.load(std::memory_order_acquire) != sign::given;
  }

  /// Actors in the queue. Any thread.
  std::size_t queued() const;

private:
  friend class scheduler;
  /// The life of a thread that stands in for another; written under the watchdog's calls only,
  /// except for the last step, which is the thread's own.
  enum class stint : std::uint8_t { none, serving, leaving, left };
  class recall;
  /// What became of the question whether the thread comes to its io_context.
  enum class sign : std::uint8_t { given, asked, taken_by_other };

  /// Runs until the scheduler stops.
  void run();
  /// Runs the io_context of a stuck thread until that is back, or the scheduler stops.
  void stand_in();
  /// Resumes ready actors, at most a fixed number; true if some are left.
  bool drain();
  void resume(caf::resumable* ready);
  void push(caf::resumable* ready);
  caf::resumable* pop();
  std::vector<caf::resumable*> take_all();

  scheduler& owner_;
  std::size_t index_;
  boost::asio::io_context& io_;
  // Only its own thread uses the queue, except when the watchdog takes it away from a thread that
  // is stuck, so the lock is uncontended.
  mutable std::mutex mutex_;
  std::deque<caf::resumable*> queue_;
  std::atomic<bool> idle_{false};
  std::atomic<stint> stint_{stint::none};
  std::atomic<sign> sign_{sign::given};
  kind_table kinds_;
  run_slot slot_;
  span_ring spans_;
  std::atomic<pid_t> tid_{0};
  std::thread thread_;
};

/// CAF's scheduler on Asio's threads (design section 3): an actor that becomes ready on an I/O
/// thread runs there next, without a thread switch; from other threads it is posted.
///
/// Fairness: an actor handles at most `max_throughput` messages and a thread resumes a bounded
/// number of actors before it looks at its sockets and timers again. A thread whose queue grows
/// while another one sleeps hands the surplus over.
///
/// Loaded through the actor system's configuration (`system_config`); owned by the actor system.
class scheduler final : public caf::scheduler::abstract_coordinator {
public:
  explicit scheduler(caf::actor_system& sys);
  ~scheduler() override;

  /// The scheduler of `sys`, or null if `sys` runs another one (CAF's testing scheduler, say).
  static scheduler* of(caf::actor_system& sys) noexcept;

  // -- CAF's interface --------------------------------------------------------
  void enqueue(caf::resumable* ready) override;
  asio_clock& clock() noexcept override { return *clock_; }
  void init(caf::actor_system_config& cfg) override;
  void start() override;
  void stop() override;

  // -- for ours -----------------------------------------------------------------
  /// The io_context to put a new socket on: the only one, or the next in turn. Any thread.
  boost::asio::io_context& next_io() noexcept;

  actor_registry& registry() noexcept { return registry_; }
  const actor_registry& registry() const noexcept { return registry_; }
  std::vector<kind_snapshot> kinds() const;
  const std::vector<std::unique_ptr<worker>>& workers() const noexcept { return workers_; }
  /// One for each worker, without a thread except while that one is stuck.
  const std::vector<std::unique_ptr<worker>>& stand_ins() const noexcept { return stand_ins_; }
  /// Stand-ins that are at work or on their way out. Any thread.
  std::size_t standing_in() const noexcept;

  /// That actor handles no more messages after its present turn (`max_throughput` messages at most)
  /// until `unpause`; its mailbox goes on taking them. False: no actor of that id lives, or pauses
  /// are over. Any thread.
  bool pause(std::uint64_t actor) { return registry_.pause(actor); }
  /// It goes on; nothing happens if it was not paused. False: no actor of that id lives. Any
  /// thread.
  bool unpause(std::uint64_t actor);
  /// All paused actors go on, and from here on none is paused: before the actors are asked to end,
  /// which a paused one would never do. Any thread.
  void end_pauses();

  /// Moves the ready actors of a thread that is stuck to the others, and has its sockets and timers
  /// looked after by a stand-in where no other thread does it. Only by the watchdog, as often as it
  /// finds the thread stuck.
  void rescue(worker& stuck);
  /// The thread is no longer stuck: its stand-in goes. Only by the watchdog.
  void rescued(worker& back);

  /// True if every thread waits in its io_context; one that wakes up later calls for the watchdog.
  bool all_idle() const noexcept {
    return idle_workers_.load(std::memory_order_seq_cst) == workers_.size();
  }

  /// Has a watchdog that sleeps look around. Any thread.
  void rouse() noexcept;

  /// Set while the watchdog sleeps; the first thread that gets work clears it and wakes it.
  std::atomic<bool> watchdog_asleep{false};
  /// What the watchdog sleeps on. Here and not in the watchdog, which may be gone when a thread
  /// that has cleared the flag comes to wake it.
  std::mutex watchdog_mutex;
  std::condition_variable watchdog_wake;

private:
  friend class worker;
  class posted;
  worker& next_worker() noexcept;
  void share(caf::resumable* ready, worker& to);
  worker* idle_besides(const worker& me) const noexcept;
  void begin_idle(worker& w) noexcept;
  void end_idle(worker& w) noexcept;
  worker* stand_in_for(worker& stuck);
  void start_thread(worker& w, void (worker::*body)());

  std::size_t threads_ = 2;
  io_layout layout_ = io_layout::per_thread;
  std::vector<std::unique_ptr<boost::asio::io_context>> contexts_;
  std::vector<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> guards_;
  std::unique_ptr<asio_clock> clock_;
  actor_registry registry_;
  std::vector<std::unique_ptr<worker>> workers_;
  std::vector<std::unique_ptr<worker>> stand_ins_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::size_t> idle_workers_{0};
  std::atomic<bool> stopping_{false};
};

} // namespace gantry::runtime
