#include "actors/inspect/views.hpp"

#include "actors/core/times.hpp"
#include "actors/inspect/actors.hpp"
#include "actors/inspect/requests.hpp"
#include "actors/inspect/vars.hpp"
#include "actors/runtime/kernel_place.hpp"
#include "actors/runtime/scheduler.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "protocol/inspect/latency.hpp"
#include "protocol/utf8.hpp"

#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace gantry::inspect {

namespace {

/// Actors that are called as the containers that they look after.
constexpr std::string_view container_kind = "container";

double nanoseconds_per_tick() {
  constexpr auto many = runtime::ticks{1} << 40;
  return static_cast<double>(runtime::to_duration(many).count()) / static_cast<double>(many);
}

kind_view view_of(const runtime::kind_snapshot& k, double scale) {
  kind_view v;
  v.kind = k.kind;
  v.live = k.live;
  v.spawned = k.spawned;
  v.messages = k.messages;
  v.busy = k.busy;
  v.waiting = latency_of(k.waiting, scale);
  v.handling = latency_of(k.handling, scale, k.busy);
  return v;
}

latency without_buckets(const latency& all) {
  return {all.count, all.mean, all.p50, all.p99, all.max, {}};
}

/// What is known about actors besides what they count: who a connection is from, what a job does.
struct callings {
  std::unordered_map<std::uint64_t, std::string> names;
  std::unordered_map<std::string_view, const kind_view*> kinds;
  std::vector<kind_view> kept;

  explicit callings(const sources& from) : kept(read_kinds(from)) {
    for (const auto& k : kept)
      kinds.emplace(k.kind, &k);
    from.connections->read([this](const core::connection_card& card) {
      names.emplace(card.actor, card.client->address);
    });
    from.jobs->read([this](const core::job_card& card) { names.emplace(card.actor, *card.call); });
  }
};

/// Count and mean are the actor's own.
latency own_handling(const latency& of_kind, const runtime::actor_snapshot& a) {
  auto own = without_buckets(of_kind);
  own.count = a.messages;
  own.mean = a.messages == 0 ? nanoseconds{0} : a.busy / static_cast<std::int64_t>(a.messages);
  return own;
}

actor_view view_of(runtime::actor_snapshot a, const callings& known) {
  actor_view v;
  v.id = a.id;
  v.parent = a.parent;
  v.kind = a.kind;
  v.name = v.kind;
  if (!a.label.empty())
    v.name.append(" ").append(a.label);
  else if (auto name = known.names.find(a.id); name != known.names.end())
    v.name.append(" ").append(name->second);
  mend_utf8(v.name);
  v.state = to_string(activity_of(a));
  v.age = a.age;
  v.mailbox = a.mailbox;
  v.oldest = a.oldest;
  v.message = std::move(a.present);
  if (v.message.empty() && a.present_age.count() != 0)
    v.message = starting;
  v.message_age = a.present_age;
  v.request = a.request;
  v.messages = a.messages;
  v.busy = a.busy;
  if (auto kind = known.kinds.find(v.kind); kind != known.kinds.end()) {
    v.waiting = without_buckets(kind->second->waiting);
    v.handling = own_handling(kind->second->handling, a);
  }
  return v;
}

thread_view view_of(const runtime::worker& w, std::string name) {
  auto facts = read_thread(w);
  thread_view v;
  v.name = std::move(name);
  v.tid = w.tid();
  v.queued = facts.queued;
  v.actor = facts.actor;
  v.kind = std::move(facts.kind);
  v.message = std::move(facts.message);
  if (v.actor != 0 && v.message.empty())
    v.message = starting;
  v.age = facts.age;
  v.wchan = runtime::wait_channel(w.tid());
  return v;
}

nanoseconds age_of(std::chrono::steady_clock::time_point since) {
  return std::max(nanoseconds{0}, nanoseconds{std::chrono::steady_clock::now() - since});
}

template <class View>
void oldest_first(std::vector<View>& views) {
  std::stable_sort(views.begin(), views.end(),
                   [](const View& a, const View& b) { return a.age > b.age; });
}

const runtime::history& history_of(const sources& from) {
  return std::as_const(*from.scheduler).registry().history();
}

} // namespace

std::string time_text(std::chrono::system_clock::time_point when) {
  return oci::to_string(
      core::instant_of(std::chrono::duration_cast<nanoseconds>(when.time_since_epoch()).count()));
}

std::vector<actor_view> read_actors(const sources& from) {
  callings known{from};
  auto snapshot = from.scheduler->registry().snapshot();
  std::vector<actor_view> views;
  views.reserve(snapshot.size());
  for (auto& a : snapshot)
    views.push_back(view_of(std::move(a), known));
  std::sort(views.begin(), views.end(), [](auto& a, auto& b) { return a.id < b.id; });
  return views;
}

std::optional<actor_detail> read_actor(const sources& from, std::uint64_t id) {
  callings known{from};
  auto snapshot = from.scheduler->registry().snapshot();
  auto found = std::find_if(snapshot.begin(), snapshot.end(), [id](auto& a) { return a.id == id; });
  if (found == snapshot.end())
    return std::nullopt;
  actor_detail detail;
  detail.actor = view_of(*found, known);
  if (auto kind = known.kinds.find(detail.actor.kind); kind != known.kinds.end()) {
    detail.actor.waiting.buckets = kind->second->waiting.buckets;
    detail.actor.handling.buckets = kind->second->handling.buckets;
  }
  for (const auto& a : snapshot)
    if (a.parent == id)
      detail.children.push_back(a.id);
  std::sort(detail.children.begin(), detail.children.end());
  auto messages = read_messages(from, id);
  detail.traced = messages.traced;
  detail.last = std::move(messages.last);
  return detail;
}

std::vector<kind_view> read_kinds(const sources& from) {
  auto scale = nanoseconds_per_tick();
  std::vector<kind_view> views;
  for (const auto& k : from.scheduler->kinds())
    views.push_back(view_of(k, scale));
  std::sort(views.begin(), views.end(), [](auto& a, auto& b) { return a.kind < b.kind; });
  return views;
}

std::string thread_name(const runtime::worker& w) { return "io " + std::to_string(w.index()); }

std::vector<thread_view> read_threads(const sources& from) {
  std::vector<thread_view> views;
  const auto& workers = from.scheduler->workers();
  for (const auto& w : workers)
    views.push_back(view_of(*w, thread_name(*w)));
  for (const auto& w : from.scheduler->stand_ins())
    if (w->tid() != 0)
      views.push_back(view_of(*w, "stand-in " + std::to_string(w->index() - workers.size())));
  return views;
}

pool_view read_pool(const sources& from) {
  pool_view view;
  for (const auto* pool : from.pools) {
    auto now = pool->snapshot();
    view.threads += now.threads;
    view.capacity += now.capacity;
    for (auto& t : now.running)
      view.tasks.push_back(
          {std::move(t.label), "running", t.age, t.tid, runtime::wait_channel(t.tid)});
    for (auto& t : now.waiting)
      view.tasks.push_back({std::move(t.label), "waiting", t.age, 0, {}});
  }
  for (auto& t : view.tasks)
    mend_utf8(t.label);
  return view;
}

std::vector<job_view> read_jobs(const sources& from) {
  std::vector<job_view> views;
  from.jobs->read([&views](const core::job_card& card) {
    views.push_back({card.request, *card.call, card.actor,
                     card.client ? card.client->address : "daemon", age_of(card.since)});
  });
  for (auto& v : views)
    mend_utf8(v.call);
  oldest_first(views);
  return views;
}

std::vector<connection_view> read_connections(const sources& from) {
  std::vector<connection_view> views;
  from.connections->read([&views](const core::connection_card& card) {
    connection_view v;
    v.actor = card.actor;
    v.listener = card.listener ? *card.listener : std::string{};
    v.peer = card.client->address;
    v.uid = card.client->uid;
    v.pid = card.client->pid;
    v.subject = card.client->subject;
    v.age = age_of(card.since);
    v.requests = card.requests;
    v.request = card.request;
    if (card.head)
      v.doing.append(card.head->method).append(" ").append(card.head->target);
    views.push_back(std::move(v));
  });
  for (auto& v : views) {
    mend_utf8(v.doing);
    mend_utf8(v.subject);
  }
  oldest_first(views);
  return views;
}

std::vector<stream_view> read_streams(const sources& from) {
  std::vector<stream_view> views;
  if (from.streams)
    from.streams->read([&views](const core::stream_card& card) {
      views.push_back({card.actor, card.what, card.request, card.bytes, card.credit,
                       card.credit > 0 ? nanoseconds{0} : age_of(card.since)});
    });
  std::sort(views.begin(), views.end(), [](auto& a, auto& b) {
    return std::tuple{-a.held, a.actor, a.what} < std::tuple{-b.held, b.actor, b.what};
  });
  return views;
}

std::vector<container_view> read_containers(const sources& from) {
  if (!from.containers)
    return {};
  auto views = from.containers();
  std::unordered_map<std::string, std::uint64_t> actors;
  for (auto& a : from.scheduler->registry().snapshot())
    if (a.kind == container_kind)
      actors.emplace(std::move(a.label), a.id);
  for (auto& v : views)
    if (const auto found = actors.find(v.name); found != actors.end())
      v.actor = found->second;
  std::sort(views.begin(), views.end(), [](auto& a, auto& b) { return a.name < b.name; });
  return views;
}

std::vector<dead_letter_view> read_dead_letters(const sources& from) {
  std::vector<dead_letter_view> views;
  for (const auto& d : history_of(from).dead_letters.all())
    views.push_back(
        {time_text(d.time), runtime::type_name(d.type), d.actor, runtime::kind_name(d.kind)});
  return views;
}

std::vector<death_view> read_deaths(const sources& from) {
  std::vector<death_view> views;
  for (auto& d : history_of(from).deaths.all()) {
    mend_utf8(d.reason);
    views.push_back({time_text(d.time), d.actor, runtime::kind_name(d.kind), std::move(d.reason)});
  }
  return views;
}

stall_view view_of(const runtime::stall& s) {
  stall_view v;
  v.time = time_text(s.time);
  v.what = runtime::to_string(s.what);
  v.actor = s.actor;
  v.request = s.request;
  v.kind = s.kind;
  v.message = s.message;
  v.where = s.where;
  mend_utf8(v.message);
  mend_utf8(v.where);
  v.duration = s.duration;
  v.over = s.over;
  return v;
}

std::vector<stall_view> read_stalls(const sources& from) {
  std::vector<stall_view> views;
  for (const auto& s : history_of(from).stalls.all())
    views.push_back(view_of(s));
  return views;
}

system_view read_head(const sources& from) {
  system_view v;
  v.time = time_text(std::chrono::system_clock::now());
  v.version = from.version;
  v.id = from.daemon_id ? from.daemon_id() : std::string{};
  v.pid = ::getpid();
  v.uptime = age_of(from.started);
  return v;
}

system_view read_system(const sources& from) {
  auto v = read_head(from);
  v.actors = read_actors(from);
  v.kinds = read_kinds(from);
  v.threads = read_threads(from);
  v.pool = read_pool(from);
  v.jobs = read_jobs(from);
  v.connections = read_connections(from);
  v.streams = read_streams(from);
  v.requests = read_requests(from);
  v.spans = read_spans(from, v.actors);
  v.containers = read_containers(from);
  v.dead_letters = read_dead_letters(from);
  v.deaths = read_deaths(from);
  v.stalls = read_stalls(from);
  return v;
}

} // namespace gantry::inspect
