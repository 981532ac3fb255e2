#include "actors/runtime/worker_pool.hpp"

#include "actors/runtime/request.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

namespace gantry::runtime {

namespace {

/// A thread without work for this long ends.
constexpr std::chrono::seconds idle_limit{10};

} // namespace

worker_pool::worker_pool(std::size_t threads, std::size_t capacity, waits_for whom)
    : capacity_(capacity), whom_(whom) {
  for (std::size_t i = 0; i < std::max<std::size_t>(1, threads); ++i)
    slots_.push_back(std::make_unique<slot>());
}

void worker_pool::stop() {
  std::deque<task> dropped;
  {
    std::lock_guard guard{mutex_};
    stop_ = true;
    dropped.swap(waiting_);
    work_.notify_all();
  }
  // Before the wait: a task that runs may wait for what a dropped one has captured.
  dropped.clear();
  for (auto& s : slots_)
    if (s->thread.joinable())
      s->thread.join();
}

bool worker_pool::submit(std::string label, std::function<void()> work) {
  std::thread ended; // joined after the unlock; it has nothing left to do
  task refused;      // released after the unlock
  bool accepted = true;
  {
    std::lock_guard guard{mutex_};
    if (stop_ || waiting_.size() >= capacity_ + idle_)
      return false;
    waiting_.push_back({std::move(label), std::move(work), clock::now(), current_request});
    if (idle_ >= waiting_.size()) {
      work_.notify_one();
      return true;
    }
    auto free = std::find_if(slots_.begin(), slots_.end(), [](auto& s) { return !s->alive; });
    if (free != slots_.end()) {
      auto& s = **free;
      ended = std::move(s.thread);
      try {
        s.thread = std::thread{[this, &s] {
          pthread_setname_np(pthread_self(), "gantry-worker");
          run(s);
        }};
        s.alive = true;
      } catch (const std::system_error&) {
        // No more threads to be had. Those that live will come to it; without any, nobody will.
        accepted = std::any_of(slots_.begin(), slots_.end(), [](auto& x) { return x->alive; });
        if (!accepted) {
          refused = std::move(waiting_.back());
          waiting_.pop_back();
        }
      }
    }
  }
  if (ended.joinable())
    ended.join();
  return accepted;
}

void worker_pool::run(slot& own) {
  std::unique_lock guard{mutex_};
  own.tid = ::gettid();
  for (;;) {
    ++idle_;
    work_.wait_for(guard, idle_limit, [this] { return stop_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) {
      own.alive = false;
      return;
    }
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    own.busy = true;
    own.label = std::move(next.label);
    own.since = clock::now();
    own.waited = own.since - next.since;
    own.request = next.request;
    guard.unlock();
    {
      request_scope scope{next.request};
      next.run();
      next.run = nullptr; // what it captured is released outside the lock
    }
    guard.lock();
    own.busy = false;
    if (own.request != 0)
      done_.add(span_of(own));
  }
}

task_span worker_pool::span_of(const slot& s) {
  return {s.label, s.request, s.since, s.waited, clock::now() - s.since};
}

std::vector<task_span> worker_pool::spans() const {
  std::lock_guard guard{mutex_};
  auto result = done_.all();
  auto done = static_cast<std::ptrdiff_t>(result.size());
  for (auto& s : slots_)
    if (s->busy && s->request != 0)
      result.push_back(span_of(*s));
  std::sort(result.begin() + done, result.end(),
            [](auto& a, auto& b) { return a.began < b.began; });
  return result;
}

pool_snapshot worker_pool::snapshot() const {
  pool_snapshot result;
  auto now = clock::now();
  std::lock_guard guard{mutex_};
  result.capacity = capacity_;
  for (auto& s : slots_) {
    result.threads += s->alive ? 1 : 0;
    if (s->busy)
      result.running.push_back({s->label, now - s->since, s->tid, s->request});
  }
  for (auto& t : waiting_)
    result.waiting.push_back({t.label, now - t.since, 0, t.request});
  return result;
}

} // namespace gantry::runtime
