#include "actors/inspect/requests.hpp"

#include "actors/core/request_log.hpp"
#include "actors/inspect/tick_times.hpp"
#include "actors/runtime/scheduler.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "protocol/utf8.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace gantry::inspect {

namespace {

/// What an actor handles while it is started.
constexpr std::string_view actor_start = "start";

/// The thread of all tasks of worker pools.
constexpr std::string_view pool_thread = "worker";

std::vector<request_view> requests_at_work(const sources& from, const tick_times& times) {
  std::vector<request_view> views;
  from.connections->read([&](const core::connection_card& card) {
    if (card.request == 0 || !card.head)
      return;
    request_view v;
    v.id = card.request;
    v.call.append(card.head->method).append(" ");
    v.call.append(std::string_view{card.head->target}.substr(0, core::request_log::most_call));
    v.client = card.client->address;
    v.connection = card.actor;
    v.time = time_text(times.time_of(card.begun));
    v.took = times.age_of(card.begun);
    views.push_back(std::move(v));
  });
  std::sort(views.begin(), views.end(), [](auto& a, auto& b) { return a.id < b.id; });
  return views;
}

request_view view_of(core::finished_request r, const tick_times& times) {
  request_view v;
  v.id = r.id;
  v.call = std::move(r.call);
  v.client = r.client ? r.client->address : std::string{};
  v.connection = r.connection;
  v.time = time_text(times.time_of(r.begun));
  v.took = times.length_of(r.took);
  v.status = r.status;
  v.over = true;
  return v;
}

/// The message that a thread handles now, if it is for a request.
std::optional<runtime::span> present_span(const runtime::worker& w) {
  constexpr auto acquire = std::memory_order_acquire;
  const auto& slot = w.slot();
  // A thread that goes on to the next message in the meantime is looked at again, a few times.
  for (int i = 0; i < 4; ++i) {
    const auto sequence = slot.sequence.load(acquire);
    runtime::span s;
    s.began = slot.since.load(acquire);
    const auto now = runtime::now_ticks();
    s.actor = slot.actor.load(acquire);
    s.kind = slot.kind.load(acquire);
    s.message = slot.message.load(acquire);
    s.request = slot.request.load(acquire);
    if (slot.sequence.load(acquire) != sequence)
      continue;
    if (s.began == 0 || s.request == 0)
      return std::nullopt;
    s.took = now > s.began ? now - s.began : 0;
    return s;
  }
  return std::nullopt;
}

/// Collects spans of all threads.
class span_collector {
public:
  explicit span_collector(const std::vector<actor_view>& actors) {
    for (const auto& a : actors)
      names_.emplace(a.id, a.name);
  }

  void add(const runtime::worker& w, const std::string& thread) {
    // In this order: one that ends meanwhile is in the ring then.
    const auto present = present_span(w);
    auto all = w.spans().all();
    const bool ended = present && std::any_of(all.begin(), all.end(), [&present](const auto& s) {
                         return s.began == present->began && s.actor == present->actor;
                       });
    if (present && !ended)
      all.push_back(*present);
    for (const auto& s : all)
      add(s, thread);
  }

  void add(const runtime::worker_pool& pool) {
    const auto now = std::chrono::steady_clock::now();
    const auto time = std::chrono::system_clock::now();
    for (auto& t : pool.spans()) {
      span_view v;
      v.request = t.request;
      v.kind = v.thread = pool_thread;
      v.message = std::move(t.label);
      mend_utf8(v.message);
      v.waited = t.waited;
      v.took = t.took;
      found_.push_back({time - (now - t.began), std::move(v)});
    }
  }

  std::vector<span_view> by_time() && {
    std::stable_sort(found_.begin(), found_.end(),
                     [](const found& a, const found& b) { return a.began < b.began; });
    std::vector<span_view> views;
    views.reserve(found_.size());
    for (auto& f : found_) {
      f.view.time = time_text(f.began);
      views.push_back(std::move(f.view));
    }
    return views;
  }

private:
  struct found {
    std::chrono::system_clock::time_point began;
    span_view view;
  };

  void add(const runtime::span& s, const std::string& thread) {
    span_view v;
    v.request = s.request;
    v.actor = s.actor;
    v.kind = runtime::kind_name(s.kind);
    if (const auto name = names_.find(s.actor); name != names_.end())
      v.name = name->second;
    v.message = type_of(s.message);
    v.thread = thread;
    v.waited = times_.length_of(s.waited);
    v.took = times_.length_of(s.took);
    found_.push_back({times_.time_of(s.began), std::move(v)});
  }

  /// There are many messages and few types.
  const std::string& type_of(const std::type_info* type) {
    auto [known, fresh] = types_.try_emplace(type);
    if (fresh)
      known->second = type ? runtime::type_name(type) : std::string{actor_start};
    return known->second;
  }

  tick_times times_;
  std::unordered_map<std::uint64_t, std::string_view> names_;
  std::unordered_map<const std::type_info*, std::string> types_;
  std::vector<found> found_;
};

} // namespace

std::vector<request_view> read_requests(const sources& from) {
  const tick_times times;
  // In this order: one that ends meanwhile is in the log then.
  auto views = requests_at_work(from, times);
  auto over = from.requests ? from.requests->all() : std::vector<core::finished_request>{};
  std::unordered_set<std::uint64_t> ended;
  for (const auto& r : over)
    ended.insert(r.id);
  std::erase_if(views, [&ended](const request_view& v) { return ended.contains(v.id); });
  for (auto& r : over)
    views.push_back(view_of(std::move(r), times));
  for (auto& v : views)
    mend_utf8(v.call);
  return views;
}

std::vector<span_view> read_spans(const sources& from, const std::vector<actor_view>& actors) {
  span_collector all{actors};
  const auto& workers = from.scheduler->workers();
  for (const auto& w : workers)
    all.add(*w, "io " + std::to_string(w->index()));
  for (const auto& w : from.scheduler->stand_ins())
    all.add(*w, "stand-in " + std::to_string(w->index() - workers.size()));
  for (const auto* pool : from.pools)
    all.add(*pool);
  return std::move(all).by_time();
}

message_row read_messages(const sources& from, std::uint64_t actor) {
  const auto& registry = std::as_const(*from.scheduler).registry();
  message_row row;
  const auto found = registry.find(actor);
  row.traced = found && found->traced;
  const auto kept = registry.messages_of(actor);
  row.total = kept.next;
  const tick_times times;
  for (const auto& m : kept.items)
    row.last.push_back({time_text(times.time_of(m.began)), runtime::type_name(m.type), m.sender,
                        m.request, times.length_of(m.waited), times.length_of(m.took)});
  return row;
}

} // namespace gantry::inspect
