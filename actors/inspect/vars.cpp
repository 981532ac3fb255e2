#include "actors/inspect/vars.hpp"

#include "actors/runtime/scheduler.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include <malloc.h>

namespace gantry::inspect {

namespace {

namespace json = boost::json;

using histogram = std::array<std::uint64_t, runtime::tick_histogram::buckets>;

std::int64_t count_of(std::chrono::nanoseconds d) { return d.count(); }

/// The duration that `share` of those counted did not exceed, rounded up to the bucket's end.
std::int64_t quantile(const histogram& h, double share) {
  std::uint64_t total = 0;
  for (auto n : h)
    total += n;
  if (total == 0)
    return 0;
  auto wanted = static_cast<double>(total) * share;
  std::uint64_t seen = 0;
  std::size_t bucket = 0;
  for (; bucket + 1 < h.size(); ++bucket) {
    seen += h[bucket];
    if (static_cast<double>(seen) >= wanted)
      break;
  }
  return count_of(runtime::to_duration(runtime::ticks{1} << bucket));
}

json::object actor_vars(const vars_facts& facts) {
  struct boxes {
    std::uint64_t live = 0;
    std::uint64_t sum = 0;
    std::uint64_t most = 0;
  };
  std::map<std::string_view, boxes> mailboxes;
  for (const auto& a : facts.actors) {
    auto& b = mailboxes[a.kind];
    ++b.live;
    b.sum += a.mailbox;
    b.most = std::max(b.most, a.mailbox);
  }
  auto kinds = facts.kinds;
  std::sort(kinds.begin(), kinds.end(), [](const auto& a, const auto& b) {
    return std::string_view{a.kind} < std::string_view{b.kind};
  });
  json::object all;
  for (const auto& k : kinds) {
    const auto& b = mailboxes[k.kind];
    all.emplace(k.kind, json::object{{"live", b.live},
                                     {"spawned", k.spawned},
                                     {"messages", k.messages},
                                     {"busy_ns", count_of(k.busy)},
                                     {"mailbox", b.sum},
                                     {"mailbox_max", b.most},
                                     {"handling_p50_ns", quantile(k.handling, 0.5)},
                                     {"handling_p99_ns", quantile(k.handling, 0.99)},
                                     {"waiting_p50_ns", quantile(k.waiting, 0.5)},
                                     {"waiting_p99_ns", quantile(k.waiting, 0.99)}});
  }
  return all;
}

json::object memory_vars() {
  auto info = ::mallinfo2();
  auto used = info.uordblks + info.hblkhd;
  auto sys = info.arena + info.hblkhd;
  return {{"Alloc", used},     {"HeapAlloc", used}, {"HeapIdle", info.fordblks},
          {"HeapInuse", used}, {"HeapSys", sys},    {"Sys", sys}};
}

json::object scheduler_vars(const vars_facts& facts) {
  json::array threads;
  for (const auto& t : facts.threads) {
    json::object shown{{"queued", t.queued}};
    if (t.actor != 0) {
      shown.emplace("actor", t.actor);
      shown.emplace("kind", t.kind);
      shown.emplace("message", t.message);
      shown.emplace("age_ns", count_of(t.age));
    }
    threads.push_back(std::move(shown));
  }
  return {
      {"actors", facts.actors.size()}, {"threads", std::move(threads)}, {"timers", facts.timers}};
}

json::array tasks(const std::vector<runtime::pool_snapshot::task>& list) {
  json::array all;
  for (const auto& t : list)
    all.push_back(json::object{{"label", t.label}, {"age_ns", count_of(t.age)}});
  return all;
}

} // namespace

thread_facts read_thread(const runtime::worker& w) {
  thread_facts facts;
  facts.queued = w.queued();
  const auto& slot = w.slot();
  // A thread that goes on to the next message in the meantime is looked at again, a few times.
  for (int i = 0; i < 4; ++i) {
    auto sequence = slot.sequence.load(std::memory_order_acquire);
    auto since = slot.since.load(std::memory_order_acquire);
    auto now = runtime::now_ticks();
    auto actor = slot.actor.load(std::memory_order_relaxed);
    auto kind = slot.kind.load(std::memory_order_relaxed);
    const auto* message = slot.message.load(std::memory_order_relaxed);
    if (slot.sequence.load(std::memory_order_acquire) != sequence)
      continue;
    if (since != 0) {
      facts.actor = actor;
      facts.kind = runtime::kind_name(kind);
      facts.message = runtime::type_name(message);
      facts.age = runtime::to_duration(now > since ? now - since : 0);
    }
    break;
  }
  return facts;
}

void read_scheduler(vars_facts& facts, runtime::scheduler& scheduler) {
  facts.kinds = scheduler.kinds();
  facts.actors = scheduler.registry().snapshot();
  facts.timers = scheduler.clock().pending();
  for (const auto& w : scheduler.workers())
    facts.threads.push_back(read_thread(*w));
}

json::object debug_vars(const vars_facts& facts) {
  json::object all;
  all.emplace("actors", actor_vars(facts));
  all.emplace("cmdline", json::array(facts.arguments.begin(), facts.arguments.end()));
  all.emplace("memstats", memory_vars());
  all.emplace("scheduler", scheduler_vars(facts));
  all.emplace("worker_pool", json::object{{"threads", facts.pool.threads},
                                          {"capacity", facts.pool.capacity},
                                          {"running", tasks(facts.pool.running)},
                                          {"waiting", tasks(facts.pool.waiting)}});
  return all;
}

} // namespace gantry::inspect
