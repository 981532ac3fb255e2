#include "app/ctl/views.hpp"

#include "app/ctl/text.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace gantry::ctl {

namespace {

constexpr auto right = side::right;

std::string number(std::uint64_t n) { return std::to_string(n); }

/// A number that is 0 for "none".
std::string reference(std::uint64_t n) { return n == 0 ? "-" : std::to_string(n); }

template <class T>
std::string optional_number(const std::optional<T>& n) {
  return n ? std::to_string(*n) : "-";
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

/// How long something waits, "-" if it does not.
std::string wait_text(std::chrono::nanoseconds d) {
  return d.count() == 0 ? "-" : short_duration(d);
}

constexpr std::size_t short_id = 12;

/// The share of the last ten seconds in which something in the container waited for it: `1.5%`.
std::string pressure_text(const inspect::container_view& c, std::string_view resource) {
  for (const auto& p : c.pressure)
    if (p.resource == resource) {
      const auto tenths = static_cast<std::uint64_t>(p.some_avg10 * 10 + 0.5);
      return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + '%';
    }
  return "-";
}

std::string p99(const inspect::latency& l) { return l.count == 0 ? "-" : short_duration(l.p99); }
std::string mean(const inspect::latency& l) { return l.count == 0 ? "-" : short_duration(l.mean); }

} // namespace

tint tint_of_state(std::string_view state) noexcept {
  if (state == "running")
    return tint::good;
  if (state == "ready" || state == "waiting")
    return tint::warning;
  return state == "paused" ? tint::bad : tint::faint;
}

std::string doing(const inspect::actor_view& actor) {
  if (actor.message.empty())
    return {};
  return actor.message + ' ' + short_duration(actor.message_age);
}

std::string short_time(std::string_view rfc3339) {
  constexpr std::size_t to_seconds = 19;
  constexpr std::size_t to_milliseconds = 23;
  std::string text{rfc3339};
  if (text.size() <= to_seconds || text[10] != 'T')
    return text;
  text[10] = ' ';
  const auto end = text.find_first_not_of("0123456789", to_seconds + 1);
  text.resize(std::min({text.size(), to_milliseconds,
                        text[to_seconds] == '.' && end != std::string::npos ? end : to_seconds}));
  return text;
}

table actor_table(std::span<const inspect::actor_view> actors) {
  table t{{{"ID", right},
           {"PARENT", right},
           {"KIND"},
           {"STATE"},
           {"AGE", right},
           {"MAILBOX", right},
           {"OLDEST", right},
           {"MESSAGES", right},
           {"BUSY", right},
           {"WAIT99", right},
           {"HANDLE99", right},
           {"REQUEST", right},
           {"DOING"},
           {"NAME"}}};
  for (const auto& a : actors)
    t.add({number(a.id), reference(a.parent), a.kind, cell{a.state, tint_of_state(a.state)},
           short_duration(a.age), number(a.mailbox), wait_text(a.oldest), short_count(a.messages),
           short_duration(a.busy), p99(a.waiting), p99(a.handling), reference(a.request),
           or_dash(doing(a)), a.name});
  return t;
}

table kind_table(std::span<const inspect::kind_view> kinds) {
  table t{{{"KIND"},
           {"LIVE", right},
           {"SPAWNED", right},
           {"MESSAGES", right},
           {"BUSY", right},
           {"WAIT", right},
           {"WAIT99", right},
           {"WAITMAX", right},
           {"HANDLE", right},
           {"HANDLE99", right},
           {"HANDLEMAX", right}}};
  auto most = [](const inspect::latency& l) {
    return l.count == 0 ? std::string{"-"} : short_duration(l.max);
  };
  for (const auto& k : kinds)
    t.add({k.kind, number(k.live), number(k.spawned), short_count(k.messages),
           short_duration(k.busy), mean(k.waiting), p99(k.waiting), most(k.waiting),
           mean(k.handling), p99(k.handling), most(k.handling)});
  return t;
}

table thread_table(std::span<const inspect::thread_view> threads) {
  table t{{{"NAME"},
           {"TID", right},
           {"QUEUED", right},
           {"ACTOR", right},
           {"KIND"},
           {"DOING"},
           {"FOR", right},
           {"WCHAN"}}};
  for (const auto& each : threads)
    t.add({each.name, number(static_cast<std::uint64_t>(each.tid)), number(each.queued),
           reference(each.actor), or_dash(each.kind), or_dash(each.message), wait_text(each.age),
           or_dash(each.wchan)});
  return t;
}

table task_table(std::span<const inspect::task_view> tasks) {
  table t{{{"STATE"}, {"AGE", right}, {"TID", right}, {"WCHAN"}, {"TASK"}}};
  for (const auto& each : tasks)
    t.add({cell{each.state, tint_of_state(each.state)}, short_duration(each.age),
           reference(static_cast<std::uint64_t>(each.tid)), or_dash(each.wchan), each.label});
  return t;
}

table job_table(std::span<const inspect::job_view> jobs) {
  table t{{{"REQUEST", right}, {"ACTOR", right}, {"AGE", right}, {"CLIENT"}, {"CALL"}}};
  for (const auto& j : jobs)
    t.add({reference(j.request), reference(j.actor), short_duration(j.age), or_dash(j.client),
           j.call});
  return t;
}

table connection_table(std::span<const inspect::connection_view> connections) {
  table t{{{"ACTOR", right},
           {"LISTENER"},
           {"PEER"},
           {"UID", right},
           {"PID", right},
           {"SUBJECT"},
           {"AGE", right},
           {"REQUESTS", right},
           {"REQUEST", right},
           {"DOING"}}};
  for (const auto& c : connections)
    t.add({number(c.actor), c.listener, c.peer, optional_number(c.uid), optional_number(c.pid),
           or_dash(c.subject), short_duration(c.age), number(c.requests), reference(c.request),
           or_dash(c.doing)});
  return t;
}

table stream_table(std::span<const inspect::stream_view> streams) {
  table t{{{"ACTOR", right},
           {"STREAM"},
           {"REQUEST", right},
           {"BYTES", right},
           {"CREDIT", right},
           {"HELD", right}}};
  for (const auto& s : streams)
    t.add({number(s.actor), s.what, reference(s.request), short_count(s.bytes),
           std::to_string(s.credit), wait_text(s.held)});
  return t;
}

table container_table(std::span<const inspect::container_view> containers) {
  table t{{{"ID"},
           {"NAME"},
           {"STATE"},
           {"ACTOR", right},
           {"PID", right},
           {"CPU", right},
           {"MEMORY", right},
           {"LIMIT", right},
           {"PIDS", right},
           {"CPU-PSI", right},
           {"MEM-PSI", right},
           {"IO-PSI", right},
           {"IMAGE"}}};
  for (const auto& c : containers) {
    const bool runs = c.pid != 0;
    const auto if_runs = [runs](std::string text) { return runs ? text : std::string{"-"}; };
    t.add({c.id.substr(0, short_id), c.name, cell{c.state, tint_of_state(c.state)},
           reference(c.actor), reference(static_cast<std::uint64_t>(c.pid)),
           if_runs(short_duration(c.cpu)), if_runs(short_bytes(c.memory)),
           c.memory_limit == 0 ? "-" : short_bytes(c.memory_limit), if_runs(number(c.pids)),
           pressure_text(c, "cpu"), pressure_text(c, "memory"), pressure_text(c, "io"),
           or_dash(c.image)});
  }
  return t;
}

table death_table(std::span<const inspect::death_view> deaths) {
  table t{{{"TIME"}, {"ACTOR", right}, {"KIND"}, {"REASON"}}};
  for (const auto& d : deaths)
    t.add({short_time(d.time), number(d.actor), d.kind, cell{d.reason, tint::bad}});
  return t;
}

table dead_letter_table(std::span<const inspect::dead_letter_view> letters) {
  table t{{{"TIME"}, {"ACTOR", right}, {"KIND"}, {"MESSAGE"}}};
  for (const auto& l : letters)
    t.add({short_time(l.time), number(l.actor), l.kind, l.type});
  return t;
}

table stall_table(std::span<const inspect::stall_view> stalls) {
  table t{{{"TIME"},
           {"WHAT"},
           {"FOR", right},
           {"STATE"},
           {"ACTOR", right},
           {"KIND"},
           {"MESSAGE"},
           {"REQUEST", right},
           {"WHERE"}}};
  for (const auto& s : stalls)
    t.add({short_time(s.time), s.what, short_duration(s.duration),
           s.over ? cell{"over", tint::faint} : cell{"hangs", tint::bad}, reference(s.actor),
           or_dash(s.kind), or_dash(s.message), reference(s.request), or_dash(s.where)});
  return t;
}

} // namespace gantry::ctl
