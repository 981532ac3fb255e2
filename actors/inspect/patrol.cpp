#include "actors/inspect/patrol.hpp"

#include "actors/core/times.hpp"
#include "actors/runtime/kernel_place.hpp"
#include "actors/runtime/scheduler.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

namespace gantry::inspect {

namespace {

using runtime::stall;
using runtime::stall_kind;

/// A request that has not been answered, and for how long its client has had no part in it.
struct open_request {
  std::uint64_t id = 0;
  std::uint64_t connection = 0;
  std::string call;
  std::chrono::nanoseconds age{0};
};

std::vector<open_request> open_requests(const core::connection_board& board, runtime::ticks now) {
  std::vector<open_request> all;
  board.read([&](const core::connection_card& card) {
    if (card.request == 0 || card.with_client || !card.head)
      return;
    all.push_back({card.request, card.actor,
                   std::string{card.head->method}.append(" ").append(card.head->target),
                   runtime::to_duration(now > card.moved ? now - card.moved : 0)});
  });
  return all;
}

struct job_of_request {
  std::string call;
  std::uint64_t actor = 0;
  bool prompt = false;
};

std::optional<job_of_request> job_for(const core::job_board& board, std::uint64_t request) {
  std::optional<job_of_request> found;
  board.read([&](const core::job_card& card) {
    if (card.request == request)
      found = {*card.call, card.actor, card.prompt};
  });
  return found;
}

/// Where a thread waits for another one of this process: with a task that may wait for a client it
/// is that client's input or output that does not come.
bool waits_for_a_client(const runtime::worker_pool& pool, pid_t tid) {
  return pool.whom() == runtime::waits_for::clients &&
         runtime::wait_channel(tid).starts_with("futex_");
}

} // namespace

daemon_patrol::daemon_patrol(sources from, patrol_limits bounds)
    : from_(std::move(from)), bounds_(bounds) {}

bool daemon_patrol::look(runtime::stall_book& book, bool busy) {
  const auto now = clock::now();
  // Each of them, not the first that finds something.
  const bool waiting = look_at_threads(book, now, busy);
  const bool working = look_at_workers(book, now);
  const bool crowded = look_at_mailboxes(book);
  const bool asked = look_at_requests(book);
  return waiting || working || crowded || asked;
}

void daemon_patrol::note(runtime::stall_book& book, stalls& known, std::uint64_t key, stall s) {
  if (auto old = known.find(key); old != known.end())
    book.go_on(old->second, s.duration);
  else
    known.emplace(key, book.open(std::move(s)));
}

template <class GoesOn>
void daemon_patrol::close_others(runtime::stall_book& book, stalls& known, GoesOn goes_on) {
  for (auto each = known.begin(); each != known.end();) {
    if (goes_on(each->first)) {
      ++each;
      continue;
    }
    book.close(each->second);
    each = known.erase(each);
  }
}

// -- threads --------------------------------------------------------------------------------------

/// One that handles a message is the watchdog's business. What else a thread may be stuck in - a
/// handler of Asio's, a lock, the kernel - shows in that it leaves a question unanswered.
bool daemon_patrol::look_at_threads(runtime::stall_book& book, clock::time_point now, bool busy) {
  bool waiting = false;
  std::set<std::uint64_t> still;
  for (const auto& w : from_.scheduler->workers()) {
    auto& seen = threads_[w->index()];
    const auto& slot = w->slot();
    const auto sequence = slot.sequence.load(std::memory_order_acquire);
    // Beside a stand-in it may rest where it should, and every handler goes to the other.
    const bool rests =
        still_threads_.contains(w->index()) && runtime::waits_for_descriptors(w->tid());
    const bool moves =
        rests || sequence != seen.sequence || slot.since.load(std::memory_order_acquire) != 0;
    if (moves || !w->sign_missing()) {
      seen = {sequence, now};
      if (busy)
        w->ask_for_sign();
    } else {
      waiting = true;
      w->ask_for_sign(); // in case that a stand-in has taken the last one
      const auto rest = now - seen.moved;
      if (rest < bounds_.still_thread)
        continue;
      still.insert(w->index());
      stall s;
      s.what = stall_kind::thread;
      s.thread = w->index();
      s.kind = "thread";
      s.message = thread_name(*w);
      s.duration = rest;
      if (!still_threads_.contains(w->index()))
        s.where = runtime::kernel_place(w->tid());
      note(book, still_threads_, w->index(), std::move(s));
      from_.scheduler->rescue(*w);
    }
  }
  for (const auto& known : still_threads_)
    if (!still.contains(known.first))
      from_.scheduler->rescued(*from_.scheduler->workers()[known.first]);
  close_others(book, still_threads_, [&](std::uint64_t index) { return still.contains(index); });
  return waiting;
}

// -- workers --------------------------------------------------------------------------------------

/// A thread that was put on a processor since the last look has moved: a long task that works, or
/// that waits for many things one after the other, is none of the patrol's business.
bool daemon_patrol::look_at_workers(runtime::stall_book& book, clock::time_point now) {
  std::map<pid_t, seen_worker> present;
  std::set<std::uint64_t> still;
  for (const auto* pool : from_.pools)
    for (auto& task : pool->snapshot().running) {
      if (task.tid == 0)
        continue;
      seen_worker seen{now - task.age, runtime::times_scheduled(task.tid), now};
      const auto before = workers_.find(task.tid);
      // The same task, to within what it takes to ask for its age.
      const bool same = before != workers_.end() &&
                        before->second.started + std::chrono::milliseconds{10} > seen.started;
      if (same && before->second.moves == seen.moves)
        seen.moved = before->second.moved;
      const auto rest = now - seen.moved;
      if (same && rest >= bounds_.still_worker && !waits_for_a_client(*pool, task.tid)) {
        const auto key = static_cast<std::uint64_t>(task.tid);
        still.insert(key);
        stall s;
        s.what = stall_kind::worker;
        s.kind = "worker";
        s.message = task.label;
        s.request = task.request;
        s.duration = rest;
        if (!still_workers_.contains(key))
          s.where = runtime::kernel_place(task.tid);
        note(book, still_workers_, key, std::move(s));
      }
      present.emplace(task.tid, seen);
    }
  workers_ = std::move(present);
  close_others(book, still_workers_, [&](std::uint64_t tid) { return still.contains(tid); });
  return !workers_.empty();
}

// -- mailboxes ------------------------------------------------------------------------------------

/// One that is full for a moment is being worked off; one whose messages grow old is not. It is
/// over when half of them are gone.
bool daemon_patrol::look_at_mailboxes(runtime::stall_book& book) {
  std::set<std::uint64_t> full;
  for (auto& a : from_.scheduler->registry().crowded(bounds_.mailbox / 2)) {
    const bool known = full_mailboxes_.contains(a.id);
    if (!known && (a.mailbox <= bounds_.mailbox || a.oldest < bounds_.old_message))
      continue;
    full.insert(a.id);
    stall s;
    s.what = stall_kind::mailbox;
    s.actor = a.id;
    s.kind = a.kind;
    s.message = std::move(a.present);
    s.request = a.request;
    s.duration = a.oldest;
    s.where =
        std::to_string(a.mailbox) + " messages wait, " + std::to_string(bounds_.mailbox) + " may";
    note(book, full_mailboxes_, a.id, std::move(s));
  }
  close_others(book, full_mailboxes_, [&](std::uint64_t id) { return full.contains(id); });
  return !full_mailboxes_.empty();
}

// -- requests -------------------------------------------------------------------------------------

/// What works for it now: an actor that handles a message, a task, or else the job that waits.
std::string daemon_patrol::holder_of(std::uint64_t request) const {
  for (const auto& a : from_.scheduler->registry().snapshot())
    if (a.request == request && !a.present.empty())
      return std::string{a.kind} + " " + std::to_string(a.id) + " handles " + a.present;
  for (const auto* pool : from_.pools) {
    const auto tasks = pool->snapshot();
    for (const auto& t : tasks.running)
      if (t.request == request)
        return "a worker does '" + t.label + "'";
    for (const auto& t : tasks.waiting)
      if (t.request == request)
        return "'" + t.label + "' waits for a worker";
  }
  if (auto job = job_for(*from_.jobs, request))
    return "job " + job->call + " waits in actor " + std::to_string(job->actor);
  return "no job has begun";
}

bool daemon_patrol::look_at_requests(runtime::stall_book& book) {
  std::set<std::uint64_t> late;
  const auto open = open_requests(*from_.connections, runtime::now_ticks());
  for (const auto& r : open) {
    if (r.age < bounds_.late_answer)
      continue;
    const auto job = job_for(*from_.jobs, r.id);
    if (job && !job->prompt && r.age < bounds_.very_late_answer)
      continue;
    late.insert(r.id);
    stall s;
    s.what = stall_kind::request;
    s.actor = r.connection;
    s.kind = "connection";
    s.message = r.call;
    s.request = r.id;
    s.duration = r.age;
    if (!late_requests_.contains(r.id))
      s.where = holder_of(r.id);
    note(book, late_requests_, r.id, std::move(s));
  }
  close_others(book, late_requests_, [&](std::uint64_t id) { return late.contains(id); });
  return !open.empty();
}

} // namespace gantry::inspect
