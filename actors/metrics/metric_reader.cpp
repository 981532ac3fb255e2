#include "actors/metrics/metric_reader.hpp"

#include "actors/core/figures.hpp"
#include "actors/host/process_figures.hpp"
#include "actors/runtime/history.hpp"
#include "actors/runtime/scheduler.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "protocol/api/routes.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

namespace gantry::metrics {

namespace {

using core::duration_counts;

/// Of what is counted in ticks: four times as long each. They are the same whatever a tick is.
constexpr int first_tick_bound = 10; // 1.024 us, as a power of two of a nanosecond
constexpr std::size_t tick_bounds = 13;

const std::array<double, tick_bounds>& bounds_of_ticks() {
  static const auto all = [] {
    std::array<double, tick_bounds> bounds;
    for (std::size_t i = 0; i < bounds.size(); ++i)
      bounds[i] = std::ldexp(1.0, first_tick_bound + 2 * static_cast<int>(i)) / 1e9;
    return bounds;
  }();
  return all;
}

double seconds(std::chrono::nanoseconds d) { return static_cast<double>(d.count()) / 1e9; }

double measured_seconds_per_tick() {
  constexpr auto many = runtime::ticks{1} << 40;
  return seconds(runtime::to_duration(many)) / static_cast<double>(many);
}

/// Adds durations, in as many buckets as there are from `first` to `last`.
void add_durations(family& to, const labels& of, const duration_counts& counts,
                   std::chrono::nanoseconds first = duration_counts::bounds.front(),
                   std::chrono::nanoseconds last = duration_counts::bounds.back()) {
  std::vector<double> bounds;
  std::vector<std::uint64_t> in_bucket;
  std::uint64_t pending = 0;
  for (std::size_t i = 0; i < counts.counts.size(); ++i) {
    pending += counts.counts[i];
    const bool is_shown = i < duration_counts::bounds.size() &&
                          duration_counts::bounds[i] >= first && duration_counts::bounds[i] <= last;
    if (!is_shown)
      continue;
    bounds.push_back(seconds(duration_counts::bounds[i]));
    in_bucket.push_back(std::exchange(pending, 0));
  }
  in_bucket.push_back(pending);
  to.add(of, bounds, in_bucket, seconds(counts.sum));
}

void add_up(duration_counts& to, const duration_counts& more) {
  for (std::size_t i = 0; i < to.counts.size(); ++i)
    to.counts[i] += more.counts[i];
  to.sum += more.sum;
}

/// `/containers/{name:.*}/json` without what its variables may be.
std::string plain_template(std::string_view path) {
  std::string out;
  bool in_pattern = false;
  for (char c : path) {
    in_pattern = c != '}' && (in_pattern || c == ':');
    if (!in_pattern)
      out += c;
  }
  return out;
}

/// What dockerd measures of containers, and what does it.
constexpr auto container_actions = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"changes", "ContainerChanges"},
    {"commit", "ImageCommit"},
    {"create", "ContainerCreate"},
    {"delete", "ContainerDelete"},
    {"start", "ContainerStart"},
});

std::string_view dockers_state(std::string_view state) {
  return state == "running" || state == "paused" ? state : "stopped";
}

void add_process(exposition& to) {
  const auto process = host::read_process_figures();
  to.counter("process_cpu_seconds_total", "Time of processors that the daemon has used.")
      .add({}, process.cpu_seconds);
  to.gauge("process_resident_memory_bytes", "Memory that the daemon has now.")
      .add({}, process.resident);
  to.gauge("process_virtual_memory_bytes", "Size of the daemon's address space.")
      .add({}, process.address_space);
  to.gauge("process_start_time_seconds", "When the daemon was started, since 1970.")
      .add({}, process.started);
  to.gauge("process_open_fds", "File descriptors that the daemon has open.")
      .add({}, std::uint64_t{process.open_fds});
  to.gauge("process_max_fds", "File descriptors that it may have open.").add({}, process.most_fds);
}

void add_counted(exposition& to) {
  const auto& done = core::counted();
  const auto value = [](const std::atomic<std::uint64_t>& n) {
    return n.load(std::memory_order_relaxed);
  };
  to.counter("engine_daemon_events_total", "Events that have happened.")
      .add({}, value(done.events));
  to.gauge("engine_daemon_events_subscribers_total", "Clients that follow events now.")
      .add({}, value(done.event_subscribers));
  to.counter("engine_daemon_health_checks_total", "Health checks that were begun.")
      .add({}, value(done.health_checks));
  to.counter("engine_daemon_health_checks_failed_total",
             "Health checks that could not be run, whatever they would have said.")
      .add({}, value(done.health_checks_failed));
  duration_counts starts;
  done.health_check_starts.read(starts);
  using namespace std::chrono_literals;
  add_durations(to.histogram("engine_daemon_health_check_start_duration_seconds",
                             "Time until the process of a health check runs."),
                {}, starts, 5ms, 10s);
}

} // namespace

metric_reader::metric_reader(sources from)
    : from_(std::move(from)), seconds_per_tick_(measured_seconds_per_tick()) {
  const auto& bounds = bounds_of_ticks();
  for (std::size_t i = 0; i < bucket_of_.size(); ++i) {
    const auto longest = std::ldexp(seconds_per_tick_, static_cast<int>(i));
    const auto at = std::lower_bound(bounds.begin(), bounds.end(), longest);
    bucket_of_[i] = static_cast<std::size_t>(at - bounds.begin());
  }
}

std::string metric_reader::text() {
  exposition all;
  add_engine(all);
  add_containers(all);
  add_requests(all);
  add_kinds(all);
  add_mailboxes(all);
  add_threads(all);
  add_pools(all);
  add_work(all);
  add_trouble(all);
  add_counted(all);
  add_process(all);
  return all.text();
}

void metric_reader::add_engine(exposition& to) const {
  const auto engine = from_.engine();
  to.gauge("gantry_build_info", "Always 1; which program this is.")
      .add({{"version", engine.version}, {"commit", engine.commit}, {"built", engine.build_time}},
           std::uint64_t{1});
  if (engine.kernel.empty())
    return; // the machine has not been looked at
  to.gauge("engine_daemon_engine_info", "Always 1; which engine this is, on which machine.")
      .add({{"architecture", engine.architecture},
            {"commit", engine.commit},
            {"daemon_id", engine.id},
            {"graphdriver", engine.graph_driver},
            {"kernel", engine.kernel},
            {"os", engine.operating_system},
            {"os_type", "linux"},
            {"os_version", engine.os_version},
            {"version", engine.version}},
           std::uint64_t{1});
  to.gauge("engine_daemon_engine_cpus_cpus", "Processors that the daemon may use.")
      .add({}, std::uint64_t{engine.cpus});
  to.gauge("engine_daemon_engine_memory_bytes", "Memory of the machine.").add({}, engine.memory);
}

void metric_reader::add_containers(exposition& to) const {
  const auto all = from_.containers ? from_.containers() : std::vector<container_reading>{};
  std::map<std::string_view, std::uint64_t> states{{"paused", 0}, {"running", 0}, {"stopped", 0}};
  for (const auto& each : all)
    ++states[dockers_state(each.view.state)];
  for (const auto& [state, count] : states)
    to.gauge("engine_daemon_container_states_containers", "Containers in each state.")
        .add({{"state", std::string{state}}}, count);

  auto& cpu = to.counter("gantry_container_cpu_seconds_total",
                         "Time of processors that a container has used in its present run.");
  auto& memory = to.gauge("gantry_container_memory_bytes",
                          "Memory of a container, without files that could be dropped.");
  auto& limit = to.gauge("gantry_container_memory_limit_bytes",
                         "Memory that a container may have, if limited.");
  auto& pids = to.gauge("gantry_container_pids", "Processes and threads of a container.");
  auto& kills = to.counter("gantry_container_oom_kills_total",
                           "Processes that were killed in a container for want of memory.");
  auto& pressure =
      to.counter("gantry_container_pressure_seconds_total",
                 "Time in which some or all processes of a container waited for a resource.");
  for (const auto& [view, oom_kills] : all) {
    if (view.pid == 0)
      continue;
    const labels who{{"id", view.id}, {"name", view.name}};
    cpu.add(who, seconds(view.cpu));
    memory.add(who, view.memory);
    if (view.memory_limit != 0)
      limit.add(who, view.memory_limit);
    pids.add(who, view.pids);
    kills.add(who, oom_kills);
    for (const auto& p : view.pressure)
      for (const auto& [share, total] :
           {std::pair{"some", p.some_total}, std::pair{"full", p.full_total}})
        pressure.add({who[0], who[1], {"resource", p.resource}, {"share", share}}, seconds(total));
  }
}

void metric_reader::add_requests(exposition& to) const {
  auto& answers =
      to.counter("gantry_http_requests_total", "Answers of the API by the class of their status.");
  auto& took = to.histogram("gantry_http_request_duration_seconds",
                            "From the head of a request to that of its answer.");
  auto& actions = to.histogram("engine_daemon_container_actions_seconds",
                               "Time that what was done with containers has taken.");
  const auto& counted = core::counted().requests;
  const auto routes = api::routes();
  std::map<std::string_view, duration_counts> of_action;
  std::map<std::pair<std::string, std::string_view>, core::route_counts> all;
  const auto most = std::min(routes.size() + 1, core::request_figures::most_routes);
  for (std::size_t i = 0; i < most; ++i) {
    const auto counts = counted.read(i);
    const auto* route = i == 0 ? nullptr : &routes[i - 1];
    auto& sum = route ? all[{plain_template(route->path), route->method}] : all[{"other", "other"}];
    for (std::size_t digit = 0; digit < counts.answers.size(); ++digit)
      sum.answers[digit] += counts.answers[digit];
    add_up(sum.good, counts.good);
    add_up(sum.bad, counts.bad);
    for (const auto& [action, operation] : container_actions)
      if (route && route->operation == operation)
        add_up(of_action[action], counts.good);
  }
  for (auto& [where, counts] : all) {
    const labels of{{"method", std::string{where.second}}, {"route", where.first}};
    for (std::size_t digit = 0; digit < counts.answers.size(); ++digit)
      if (counts.answers[digit] != 0)
        answers.add({of[0], of[1], {"code", std::to_string(digit) + "xx"}}, counts.answers[digit]);
    add_up(counts.good, counts.bad);
    if (counts.good.count() != 0)
      add_durations(took, of, counts.good);
  }
  using namespace std::chrono_literals;
  for (const auto& [action, operation] : container_actions)
    add_durations(actions, {{"action", std::string{action}}}, of_action[action], 5ms, 10s);
}

void metric_reader::add_ticks(family& to, const labels& of, const tick_counts& counts,
                              double sum) const {
  std::array<std::uint64_t, tick_bounds + 1> in_bucket{};
  for (std::size_t i = 0; i < counts.size(); ++i)
    in_bucket[bucket_of_[i]] += counts[i];
  to.add(of, bounds_of_ticks(), in_bucket, sum);
}

/// The sum of what was counted, each taken for the middle of its bucket.
double metric_reader::about(const tick_counts& counts) const {
  double sum = 0;
  for (std::size_t i = 1; i < counts.size(); ++i)
    sum +=
        0.75 * std::ldexp(seconds_per_tick_, static_cast<int>(i)) * static_cast<double>(counts[i]);
  return sum;
}

void metric_reader::add_kinds(exposition& to) {
  auto& live = to.gauge("gantry_actors", "Living actors.");
  auto& spawned = to.counter("gantry_actors_spawned_total", "Actors that there have been.");
  auto& messages = to.counter("gantry_actor_messages_total", "Messages that actors have handled.");
  auto& busy = to.counter("gantry_actor_busy_seconds_total", "Time that actors have handled them.");
  auto& waiting = to.histogram(
      "gantry_actor_waiting_seconds",
      "From being ready to being run; its sum is about right, within a factor of 1.5.");
  auto& handling = to.histogram("gantry_actor_handling_seconds", "Of one message.");
  auto kinds = from_.system.scheduler->kinds();
  std::sort(kinds.begin(), kinds.end(), [](const auto& a, const auto& b) {
    return std::string_view{a.kind} < std::string_view{b.kind};
  });
  for (const auto& k : kinds) {
    const labels of{{"kind", k.kind}};
    // NOTE: how long a tick is gets known better with time, so the same number of them may come out
    // as a little less than before.
    auto& told = busy_[k.kind];
    told = std::max(told, k.busy);
    live.add(of, k.live);
    spawned.add(of, k.spawned);
    messages.add(of, k.messages);
    busy.add(of, seconds(told));
    add_ticks(waiting, of, k.waiting, about(k.waiting));
    add_ticks(handling, of, k.handling, seconds(told));
  }
}

void metric_reader::add_mailboxes(exposition& to) const {
  struct boxes {
    std::uint64_t sum = 0;
    std::uint64_t most = 0;
    std::chrono::nanoseconds oldest{0};
  };
  std::map<std::string_view, boxes> kinds;
  for (const auto& a : from_.system.scheduler->registry().snapshot()) {
    auto& k = kinds[a.kind];
    k.sum += a.mailbox;
    k.most = std::max(k.most, a.mailbox);
    k.oldest = std::max(k.oldest, a.oldest);
  }
  auto& sum = to.gauge("gantry_actor_mailbox_messages", "Messages that wait for actors.");
  auto& most = to.gauge("gantry_actor_mailbox_messages_max",
                        "Messages that wait for the actor that has most of them.");
  auto& oldest = to.gauge("gantry_actor_oldest_message_seconds",
                          "How long the message that waits longest has waited at least.");
  for (const auto& [kind, k] : kinds) {
    const labels of{{"kind", std::string{kind}}};
    sum.add(of, k.sum);
    most.add(of, k.most);
    oldest.add(of, seconds(k.oldest));
  }
}

void metric_reader::add_threads(exposition& to) const {
  std::uint64_t busy = 0;
  std::uint64_t queued = 0;
  const auto threads = inspect::read_threads(from_.system);
  for (const auto& t : threads) {
    busy += t.actor != 0 ? 1 : 0;
    queued += t.queued;
  }
  auto& states = to.gauge("gantry_threads", "Threads that run actors, stand-ins included.");
  states.add({{"state", "busy"}}, busy);
  states.add({{"state", "idle"}}, threads.size() - busy);
  to.gauge("gantry_threads_standing_in", "Threads that stand in for others that are stuck.")
      .add({}, std::uint64_t{from_.system.scheduler->standing_in()});
  to.gauge("gantry_thread_queued_actors", "Actors that are ready and wait for a thread.")
      .add({}, queued);
}

void metric_reader::add_pools(exposition& to) const {
  auto& threads =
      to.gauge("gantry_pool_threads", "Threads for work that blocks, as many as it has needed.");
  auto& capacity = to.gauge("gantry_pool_capacity", "Tasks that may wait for them.");
  auto& tasks = to.gauge("gantry_pool_tasks", "Tasks that run and that wait.");
  auto& oldest = to.gauge("gantry_pool_oldest_task_seconds",
                          "For how long the oldest of them has run or waited.");
  for (const auto& [name, pool] : from_.pools) {
    const auto now = pool->snapshot();
    const std::pair<std::string_view, std::string> which{"pool", name};
    threads.add({which}, std::uint64_t{now.threads});
    capacity.add({which}, std::uint64_t{now.capacity});
    for (const auto& [state, list] :
         {std::pair{"running", &now.running}, std::pair{"waiting", &now.waiting}}) {
      std::chrono::nanoseconds age{0};
      for (const auto& task : *list)
        age = std::max(age, task.age);
      tasks.add({which, {"state", state}}, std::uint64_t{list->size()});
      oldest.add({which, {"state", state}}, seconds(age));
    }
  }
}

void metric_reader::add_work(exposition& to) const {
  std::uint64_t jobs = 0;
  from_.system.jobs->read([&jobs](const core::job_card&) { ++jobs; });
  to.gauge("gantry_jobs", "Jobs that run.").add({}, jobs);
  std::map<std::string, std::uint64_t> connections;
  std::uint64_t requests = 0;
  from_.system.connections->read([&](const core::connection_card& card) {
    ++connections[card.listener ? *card.listener : std::string{}];
    requests += card.request != 0 ? 1 : 0;
  });
  auto& open = to.gauge("gantry_connections", "Connections of the API.");
  for (const auto& [listener, count] : connections)
    open.add({{"listener", listener}}, count);
  to.gauge("gantry_http_requests_at_work", "Requests of the API that are not answered yet.")
      .add({}, requests);
}

void metric_reader::add_trouble(exposition& to) {
  const auto& history = std::as_const(*from_.system.scheduler).registry().history();
  to.counter("gantry_actor_deaths_total", "Actors that ended otherwise than they should.")
      .add({}, history.deaths.end());
  to.counter("gantry_dead_letters_total", "Messages that nobody took.")
      .add({}, history.dead_letters.end());

  // What stalls is kept for a while only, so it is counted as it is seen.
  using enum runtime::stall_kind;
  for (auto kind : {handler, thread, worker, mailbox, request})
    stalls_.try_emplace(std::string{runtime::to_string(kind)}, 0);
  const auto news = history.stalls.from(next_stall_, std::numeric_limits<std::uint32_t>::max());
  next_stall_ = news.next;
  for (const auto& s : news.items)
    ++stalls_[inspect::view_of(s).what];
  if (news.lost != 0)
    stalls_["unknown"] += news.lost;
  std::map<std::string, std::uint64_t> now;
  for (const auto& s : history.stalls.all())
    now[inspect::view_of(s).what] += s.over ? 0 : 1;
  auto& ever = to.counter("gantry_stalls_total", "What was found to hang, by what it was.");
  auto& hanging = to.gauge("gantry_stalls", "What hangs now.");
  for (const auto& [what, count] : stalls_) {
    ever.add({{"what", what}}, count);
    hanging.add({{"what", what}}, now[what]);
  }
}

} // namespace gantry::metrics
