#pragma once

#include "actors/runtime/history.hpp"

#include <caf/send.hpp>

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace gantry::runtime {

/// What a pool looks like at one moment.
struct pool_snapshot {
  struct task {
    std::string label;
    std::chrono::nanoseconds age{0}; ///< running: since it started; waiting: since it was submitted
    pid_t tid = 0;                   ///< of the thread that runs it, 0 while it waits
    std::uint64_t request = 0;       ///< that it is for, 0 if none
  };
  std::size_t threads = 0;
  std::size_t capacity = 0;
  std::vector<task> running;
  std::vector<task> waiting;
};

/// For whom the tasks of a pool may wait without anything being wrong.
enum class waits_for : std::uint8_t { nobody, clients };

/// A task that was run for a request, or is.
struct task_span {
  std::string label;
  std::uint64_t request = 0; ///< never 0
  std::chrono::steady_clock::time_point began;
  std::chrono::nanoseconds waited{0}; ///< for a thread
  std::chrono::nanoseconds took{0};   ///< until now, if it still runs
};

/// A bounded pool of threads for work that blocks (disk, hashing, child programs). Threads start
/// when there is work and end after a while without any, so an idle daemon has none.
///
/// Actors never wait for it: `ask` sends the result as a message. Any thread may call anything. A
/// task works for the request for which it was submitted (see request.hpp).
///
/// The wiring owns it, and nobody else: it is stopped while the actor system still takes results
/// and destroyed after that system, so that actors may use it as long as they live.
class worker_pool {
public:
  /// At most `threads` tasks run and `capacity` more wait.
  worker_pool(std::size_t threads, std::size_t capacity, waits_for whom = waits_for::nobody);
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;
  ~worker_pool() { stop(); }

  /// Takes no more tasks, drops the waiting ones with what they captured, and then waits for those
  /// that run. Not from a task of this pool. The second time it does nothing.
  void stop();

  /// Queues `task`. False if the queue is full or the pool is stopping: nothing was done then.
  /// `label` is what inspection shows. A task must not throw.
  bool submit(std::string label, std::function<void()> task);

  /// Queues `work` and sends what it returns to `receiver` as a message. False as for `submit`.
  template <class Handle, class Work>
  bool ask(std::string label, const Handle& receiver, Work work) {
    auto shared = std::make_shared<Work>(std::move(work));
    return submit(std::move(label), [receiver, shared] { caf::anon_send(receiver, (*shared)()); });
  }

  pool_snapshot snapshot() const;
  waits_for whom() const noexcept { return whom_; }

  /// The last tasks that were run for requests, then those that are, each the oldest first.
  std::vector<task_span> spans() const;

private:
  using clock = std::chrono::steady_clock;
  struct task {
    std::string label;
    std::function<void()> run;
    clock::time_point since;
    std::uint64_t request = 0;
  };
  struct slot {
    std::thread thread;
    bool alive = false;
    bool busy = false;
    pid_t tid = 0;
    std::string label;
    clock::time_point since;
    std::chrono::nanoseconds waited{0};
    std::uint64_t request = 0;
  };
  void run(slot& own);
  static task_span span_of(const slot& s);

  const std::size_t capacity_;
  const waits_for whom_;
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::deque<task> waiting_;
  std::vector<std::unique_ptr<slot>> slots_;
  std::size_t idle_ = 0;
  bool stop_ = false;
  recent<task_span> done_{256};
};

} // namespace gantry::runtime
