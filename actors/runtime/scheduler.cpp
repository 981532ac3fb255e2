#include "actors/runtime/scheduler.hpp"

#include "actors/runtime/log.hpp"
#include "actors/runtime/system.hpp"

#include <caf/actor_ostream.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scheduled_actor.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace gantry::runtime {

namespace {

thread_local worker* this_worker = nullptr;

/// Actors resumed before a thread looks at its sockets and timers again.
constexpr std::size_t resumes_between_polls = 64;

/// With more than this many ready actors a thread shares with one that sleeps.
constexpr std::size_t share_above = 8;

/// For this long after `stop` actors may go on to handle what they have in their mailboxes.
constexpr std::chrono::milliseconds stop_limit{500};

/// Takes the place of CAF's printer, which would be a thread of its own: what an actor prints goes
/// to the log.
///
/// The argument is for CAF, whose factory dereferences a null pointer where there is none.
caf::behavior log_printer(caf::event_based_actor* self, caf::unit_t) {
  self->set_default_handler(caf::drop);
  return {[](caf::atom_value, caf::actor_id, const std::string& text) {
    log::write(log::level::warn, "actor", text, {});
  }};
}

/// Ends actors that will never be resumed again, and those that become ready by it, as they would
/// end themselves. (CAF's `cleanup_and_release` does not destroy their states and keeps a reference
/// to each of the others for ever.)
class undertaker final : public caf::execution_unit {
public:
  static void end(caf::resumable* ready) {
    if (ready->subtype() != caf::resumable::scheduled_actor) {
      caf::intrusive_ptr_release(ready);
      return;
    }
    undertaker self{static_cast<caf::scheduled_actor*>(ready)->home_system()};
    self.exec_later(ready);
    while (!self.ready_.empty()) {
      auto* next = static_cast<caf::scheduled_actor*>(self.ready_.back());
      self.ready_.pop_back();
      if (!next->getf(caf::abstract_actor::is_cleaned_up_flag)) {
        next->quit(caf::exit_reason::user_shutdown);
        next->on_exit();
        next->cleanup(caf::make_error(caf::exit_reason::user_shutdown), &self);
      }
      caf::intrusive_ptr_release(static_cast<caf::resumable*>(next));
    }
  }

  void exec_later(caf::resumable* ready) override { ready_.push_back(ready); }

private:
  explicit undertaker(caf::actor_system& sys) : execution_unit(&sys) {}

  std::vector<caf::resumable*> ready_;
};

} // namespace

/// A ready actor on its way through an io_context's queue; dropped if it never arrives.
class scheduler::posted {
public:
  explicit posted(caf::resumable* ready) : ready_(ready) {}
  posted(posted&& other) noexcept : ready_(std::exchange(other.ready_, nullptr)) {}
  posted(const posted&) = delete;
  posted& operator=(const posted&) = delete;
  posted& operator=(posted&&) = delete;
  ~posted() {
    if (ready_)
      undertaker::end(ready_);
  }
  void operator()() {
    // Without a worker it is `stop` that empties the queue.
    if (auto* w = worker::current())
      w->push(std::exchange(ready_, nullptr));
    else
      undertaker::end(std::exchange(ready_, nullptr));
  }

private:
  caf::resumable* ready_;
};

/// Wakes a stand-in that is to leave: goes round until it is that thread which runs it.
class worker::recall {
public:
  explicit recall(worker& w) : worker_(&w) {}
  void operator()() {
    if (this_worker != worker_ && worker_->stint_.load(std::memory_order_acquire) == stint::leaving)
      boost::asio::post(worker_->io_, *this);
  }

private:
  worker* worker_;
};

// -- worker ---------------------------------------------------------------------------------------

worker::worker(scheduler& owner, std::size_t index, boost::asio::io_context& io, bool keep_spans)
    : caf::execution_unit(&owner.system()), owner_(owner), index_(index), io_(io),
      spans_(keep_spans) {}

worker* worker::current() noexcept { return this_worker; }

void worker::exec_later(caf::resumable* ready) {
  {
    std::lock_guard guard{mutex_};
    if (queue_.size() <= share_above || owner_.idle_workers_.load(std::memory_order_relaxed) == 0) {
      queue_.push_back(ready);
      return;
    }
  }
  if (auto* other = owner_.idle_besides(*this))
    owner_.share(ready, *other);
  else
    push(ready);
}

void worker::push(caf::resumable* ready) {
  std::lock_guard guard{mutex_};
  queue_.push_back(ready);
}

void worker::ask_for_sign() {
  if (sign_.exchange(sign::asked, std::memory_order_acq_rel) == sign::asked)
    return;
  boost::asio::post(io_, [this] {
    const bool mine = this_worker == this || owner_.layout_ == io_layout::shared;
    sign_.store(mine ? sign::given : sign::taken_by_other, std::memory_order_release);
  });
}

std::size_t worker::queued() const {
  std::lock_guard guard{mutex_};
  return queue_.size();
}

caf::resumable* worker::pop() {
  std::lock_guard guard{mutex_};
  if (queue_.empty())
    return nullptr;
  auto* result = queue_.front();
  queue_.pop_front();
  return result;
}

std::vector<caf::resumable*> worker::take_all() {
  std::lock_guard guard{mutex_};
  std::vector<caf::resumable*> result{queue_.begin(), queue_.end()};
  queue_.clear();
  return result;
}

void worker::resume(caf::resumable* ready) {
  switch (ready->resume(this, owner_.max_throughput())) {
  case caf::resumable::resume_later:
    push(ready);
    break;
  case caf::resumable::awaiting_message:
  case caf::resumable::done:
  case caf::resumable::shutdown_execution_unit:
    caf::intrusive_ptr_release(ready);
    break;
  }
}

bool worker::drain() {
  for (std::size_t i = 0; i < resumes_between_polls; ++i) {
    auto* ready = pop();
    if (!ready)
      return false;
    resume(ready);
  }
  return true;
}

void worker::run() {
  this_worker = this;
  std::optional<std::chrono::steady_clock::time_point> last_moment;
  for (;;) {
    auto more = drain();
    if (owner_.stopping_.load(std::memory_order_acquire)) {
      // Actors that keep each other busy for ever must not keep the program alive.
      auto now = std::chrono::steady_clock::now();
      if (!last_moment)
        last_moment = now + stop_limit;
      if (now >= *last_moment || (!more && io_.poll() == 0 && queued() == 0))
        break;
      if (more)
        io_.poll_one();
      continue;
    }
    if (more) {
      io_.poll_one();
      continue;
    }
    owner_.begin_idle(*this);
    io_.run_one();
    owner_.end_idle(*this);
  }
  // A thread that still waits for its io_context needs a handler to come back from it, and this one
  // may have run those that `stop` has posted.
  boost::asio::post(io_, [] {});
  this_worker = nullptr;
}

void worker::stand_in() {
  this_worker = this;
  auto serving = [this] {
    return stint_.load(std::memory_order_acquire) == stint::serving &&
           !owner_.stopping_.load(std::memory_order_acquire);
  };
  while (serving()) {
    if (drain())
      io_.poll_one();
    else
      io_.run_one();
  }
  while (drain()) {
  }
  // The thread that is back may wait for a turn at the sockets.
  boost::asio::post(io_, [] {});
  this_worker = nullptr;
  stint_.store(stint::left, std::memory_order_release);
}

// -- scheduler ------------------------------------------------------------------------------------

scheduler::scheduler(caf::actor_system& sys) : abstract_coordinator(sys) {}

scheduler::~scheduler() {
  // With a handler that a context drops the last reference to an actor may go, which takes its
  // leave of the clock and the registry.
  if (clock_)
    clock_->shut_down();
  guards_.clear();
  contexts_.clear();
}

scheduler* scheduler::of(caf::actor_system& sys) noexcept {
  if (auto* w = worker::current(); w && &w->owner().system() == &sys)
    return &w->owner();
  return dynamic_cast<scheduler*>(&sys.scheduler());
}

void scheduler::init(caf::actor_system_config& cfg) {
  abstract_coordinator::init(cfg);
  bool keep_spans = true;
  if (auto* ours = dynamic_cast<system_config*>(&cfg)) {
    threads_ = std::max<std::size_t>(1, ours->options.threads);
    layout_ = ours->options.layout;
    max_throughput_ = ours->options.max_throughput;
    keep_spans = ours->options.keep_spans;
  }
  num_workers_ = threads_;
  auto contexts = layout_ == io_layout::shared ? 1 : threads_;
  // Never 1, which promises Asio a single thread: a stand-in may come to it.
  auto hint = std::max(2, static_cast<int>(threads_ / contexts));
  for (std::size_t i = 0; i < contexts; ++i) {
    contexts_.push_back(std::make_unique<boost::asio::io_context>(hint));
    // Its first descriptor makes it open descriptors of its own, of which there may be none left
    // when the first socket comes to it.
    boost::asio::posix::stream_descriptor first{*contexts_.back()};
    guards_.push_back(boost::asio::make_work_guard(*contexts_.back()));
  }
  clock_ = std::make_unique<asio_clock>(*contexts_.front());
  for (std::size_t i = 0; i < threads_; ++i)
    workers_.push_back(std::make_unique<worker>(*this, i, *contexts_[i % contexts], keep_spans));
  for (std::size_t i = 0; i < threads_; ++i)
    stand_ins_.push_back(
        std::make_unique<worker>(*this, threads_ + i, *contexts_[i % contexts], keep_spans));
}

void scheduler::start() {
  utility_actors_[printer_id] =
      system().spawn<caf::hidden + caf::lazy_init>(log_printer, caf::unit);
  for (auto& w : workers_)
    start_thread(*w, &worker::run);
}

void scheduler::start_thread(worker& w, void (worker::*body)()) {
  w.thread_ = std::thread{[this, &w, body] {
    auto name = "gantry-io-" + std::to_string(w.index());
    pthread_setname_np(pthread_self(), name.c_str());
    w.tid_.store(::gettid(), std::memory_order_relaxed);
    system().thread_started();
    (w.*body)();
    system().thread_terminates();
    w.tid_.store(0, std::memory_order_relaxed);
  }};
}

bool scheduler::unpause(std::uint64_t actor) {
  caf::resumable* parked = nullptr;
  auto lives = registry_.unpause(actor, parked);
  if (parked)
    enqueue(parked);
  return lives;
}

void scheduler::end_pauses() {
  for (auto* parked : registry_.end_pauses())
    enqueue(parked);
}

void scheduler::stop() {
  end_pauses();
  // CAF calls this when all actors that count have ended; only its own hidden ones and the printer
  // may still have something to do.
  for (auto& actor : utility_actors_) {
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    actor = nullptr;
  }
  clock_->shut_down();
  stopping_.store(true, std::memory_order_release);
  guards_.clear();
  for (auto& w : workers_)
    boost::asio::post(w->io(), [] {});
  for (auto& w : workers_)
    w->thread_.join();
  for (auto& w : stand_ins_)
    if (w->thread_.joinable())
      w->thread_.join();
  // Whoever is still in a queue is ended here; that may make others ready.
  const auto last_moment = std::chrono::steady_clock::now() + stop_limit;
  for (bool some = true; some && std::chrono::steady_clock::now() < last_moment;) {
    some = false;
    for (auto* threads : {&workers_, &stand_ins_})
      for (auto& w : *threads)
        for (auto* left : w->take_all()) {
          undertaker::end(left);
          some = true;
        }
    for (auto& io : contexts_) {
      io->restart();
      some = io->poll_one() != 0 || some;
    }
  }
}

void scheduler::enqueue(caf::resumable* ready) {
  if (auto* w = worker::current(); w && &w->owner() == this)
    w->exec_later(ready);
  else
    share(ready, next_worker());
}

boost::asio::io_context& scheduler::next_io() noexcept {
  if (contexts_.size() == 1)
    return *contexts_.front();
  return *contexts_[next_.fetch_add(1, std::memory_order_relaxed) % contexts_.size()];
}

worker& scheduler::next_worker() noexcept {
  // With one io_context for all it does not matter which: whoever is free takes what is posted.
  if (layout_ == io_layout::shared)
    return *workers_.front();
  return *workers_[next_.fetch_add(1, std::memory_order_relaxed) % workers_.size()];
}

void scheduler::share(caf::resumable* ready, worker& to) {
  if (layout_ == io_layout::shared) {
    boost::asio::post(to.io_, posted{ready});
  } else {
    // Not into its io_context, from where `rescue` could not take it if that thread gets stuck.
    to.push(ready);
    boost::asio::post(to.io_, [] {});
  }
}

std::vector<kind_snapshot> scheduler::kinds() const {
  std::vector<kind_snapshot> result;
  for (kind_id kind = 0; kind < max_kinds; ++kind) {
    kind_snapshot sum;
    sum.kind = kind_name(kind);
    std::uint64_t ended = 0;
    ticks busy = 0;
    for (auto* threads : {&workers_, &stand_ins_})
      for (auto& w : *threads) {
        auto* c = w->kinds().peek(kind);
        if (!c)
          continue;
        sum.spawned += c->spawned.get();
        ended += c->ended.get();
        sum.messages += c->messages.get();
        busy += c->busy.get();
        for (std::size_t i = 0; i < tick_histogram::buckets; ++i) {
          sum.waiting[i] += c->waiting.count(i);
          sum.handling[i] += c->handling.count(i);
        }
      }
    if (sum.spawned == 0 && sum.messages == 0 && ended == 0)
      continue;
    sum.live = sum.spawned > ended ? sum.spawned - ended : 0;
    sum.busy = to_duration(busy);
    result.push_back(sum);
  }
  return result;
}

void scheduler::rescue(worker& stuck) {
  auto* helper = stand_in_for(stuck);
  if (!helper && workers_.size() == 1)
    return;
  for (auto* ready : stuck.take_all()) {
    auto* to = idle_besides(stuck);
    if (!to)
      to = helper;
    while (!to || to == &stuck)
      to = workers_[next_.fetch_add(1, std::memory_order_relaxed) % workers_.size()].get();
    share(ready, *to);
  }
}

/// The one at work, or a new one; null where other threads run the io_context too, where the stuck
/// thread is a stand-in itself, or where there are no more threads to be had.
worker* scheduler::stand_in_for(worker& stuck) {
  if (stuck.index() >= workers_.size() || contexts_.size() < workers_.size())
    return nullptr;
  auto& w = *stand_ins_[stuck.index()];
  switch (w.stint_.load(std::memory_order_acquire)) {
  case worker::stint::serving:
    return &w;
  case worker::stint::leaving:
    return nullptr; // not yet out of its last handler
  case worker::stint::left:
    w.thread_.join();
    break;
  case worker::stint::none:
    break;
  }
  try {
    w.stint_.store(worker::stint::serving, std::memory_order_release);
    start_thread(w, &worker::stand_in);
  } catch (const std::system_error& e) {
    w.stint_.store(worker::stint::none, std::memory_order_release);
    log::write(log::level::warn, "scheduler", "no stand-in for a stuck thread",
               {{"thread", "gantry-io-" + std::to_string(stuck.index())}, {"error", e.what()}});
    return nullptr;
  }
  return &w;
}

void scheduler::rescued(worker& back) {
  if (back.index() >= workers_.size())
    return;
  auto& w = *stand_ins_[back.index()];
  auto serving = worker::stint::serving;
  if (w.stint_.compare_exchange_strong(serving, worker::stint::leaving, std::memory_order_acq_rel))
    boost::asio::post(w.io(), worker::recall{w});
}

std::size_t scheduler::standing_in() const noexcept {
  return static_cast<std::size_t>(std::count_if(stand_ins_.begin(), stand_ins_.end(), [](auto& w) {
    auto now = w->stint_.load(std::memory_order_acquire);
    return now == worker::stint::serving || now == worker::stint::leaving;
  }));
}

worker* scheduler::idle_besides(const worker& me) const noexcept {
  for (auto& w : workers_)
    if (w.get() != &me && w->idle_.load(std::memory_order_relaxed))
      return w.get();
  return nullptr;
}

void scheduler::begin_idle(worker& w) noexcept {
  w.idle_.store(true, std::memory_order_relaxed);
  idle_workers_.fetch_add(1, std::memory_order_seq_cst);
}

void scheduler::end_idle(worker& w) noexcept {
  w.idle_.store(false, std::memory_order_relaxed);
  // The watchdog sets its flag and then looks at the number; here the number changes and then the
  // flag is looked at: one of the two sees the other. On x86-64 the load is a plain one.
  idle_workers_.fetch_sub(1, std::memory_order_seq_cst);
  rouse();
}

void scheduler::rouse() noexcept {
  if (!watchdog_asleep.load(std::memory_order_seq_cst) ||
      !watchdog_asleep.exchange(false, std::memory_order_seq_cst))
    return;
  std::lock_guard guard{watchdog_mutex};
  watchdog_wake.notify_all();
}

} // namespace gantry::runtime
