#include "app/ctl/text.hpp"
#include "app/ctl/views.hpp"
#include "protocol/oci/time.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace gantry::ctl {

namespace {

/// From `begin` to `moment`; 0 if one of them is no moment, or if it was before.
std::chrono::nanoseconds offset_of(std::string_view moment, std::string_view begin) {
  const auto a = oci::parse_instant(begin);
  const auto b = oci::parse_instant(moment);
  if (!a || !b)
    return std::chrono::nanoseconds{0};
  const std::chrono::nanoseconds difference =
      std::chrono::seconds{b->seconds - a->seconds} +
      std::chrono::nanoseconds{b->nanoseconds - a->nanoseconds};
  return std::max(difference, std::chrono::nanoseconds{0});
}

/// How far in each span stands: an actor one step behind the one before whose work it came in.
class depths {
public:
  std::size_t of(const inspect::span_view& s) {
    constexpr std::size_t deepest = 8;
    const auto next = std::min(before_ + 1, deepest);
    if (s.actor == 0)
      return next; // a task of a worker
    const auto [known, fresh] = actors_.try_emplace(s.actor, first_ ? 0 : next);
    first_ = false;
    before_ = known->second;
    return before_;
  }

private:
  std::map<std::uint64_t, std::size_t> actors_;
  std::size_t before_ = 0;
  bool first_ = true;
};

std::string request_line(const inspect::request_view& r) {
  auto text = "request " + std::to_string(r.id);
  if (!r.call.empty())
    text += ": " + r.call;
  return text;
}

std::string outcome_line(const inspect::request_view& r) {
  if (r.connection == 0)
    return "at " + r.time;
  auto text = r.client + ", connection " + std::to_string(r.connection) + ", at " + r.time + ": ";
  if (!r.over)
    return text + "at work for " + short_duration(r.took);
  if (r.status == 0)
    return text + "the client left after " + short_duration(r.took);
  return text + "status " + std::to_string(r.status) + " after " + short_duration(r.took);
}

std::string waited_text(std::chrono::nanoseconds d) {
  return d.count() == 0 ? "-" : short_duration(d);
}

std::string padded(std::string text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string message_columns(std::string time, std::string waited, std::string took,
                            std::string sender, std::string request, const std::string& type) {
  constexpr std::size_t time_width = 23;
  time.resize(std::max(time.size(), time_width), ' ');
  return time + padded(std::move(waited), 8) + padded(std::move(took), 8) +
         padded(std::move(sender), 9) + padded(std::move(request), 9) + "  " + type;
}

std::string fitting(const std::string& line, const paper& on) {
  auto text = printable(line, on.utf8);
  return on.width ? cut(text, *on.width, on.utf8) : text;
}

} // namespace

table request_table(std::span<const inspect::request_view> requests) {
  table t{{{"REQUEST", side::right},
           {"TIME"},
           {"STATUS"},
           {"TOOK", side::right},
           {"CLIENT"},
           {"CONNECTION", side::right},
           {"CALL"}}};
  auto status = [](const inspect::request_view& r) -> cell {
    if (!r.over)
      return {"at work", tint::good};
    if (r.status == 0)
      return {"left", tint::faint};
    return {std::to_string(r.status), r.status >= 500   ? tint::bad
                                      : r.status >= 400 ? tint::warning
                                                        : tint::plain};
  };
  for (const auto& r : requests)
    t.add({std::to_string(r.id), short_time(r.time), status(r), short_duration(r.took), r.client,
           r.connection == 0 ? "-" : std::to_string(r.connection), r.call});
  return t;
}

std::string timeline_text(const inspect::request_trace& trace, const paper& on) {
  auto out = tinted(fitting(request_line(trace.request), on), tint::heading, on) + '\n';
  out += fitting(outcome_line(trace.request), on) + '\n';
  if (!trace.missing.empty())
    out += fitting(trace.missing, on) + '\n';
  out += '\n';
  table t{{{"OFFSET", side::right},
           {"WAITED", side::right},
           {"TOOK", side::right},
           {"THREAD"},
           {"ACTOR", side::right},
           {"MESSAGE"}}};
  depths steps;
  for (const auto& s : trace.spans)
    t.add({short_duration(offset_of(s.time, trace.request.time)), waited_text(s.waited),
           short_duration(s.took), s.thread, s.actor == 0 ? "-" : std::to_string(s.actor),
           std::string(2 * steps.of(s), ' ') + (s.name.empty() ? s.kind : s.name) + ": " +
               s.message});
  return out + t.text(on);
}

std::string message_titles(const paper& on) {
  return tinted(
      fitting(message_columns("TIME", "WAITED", "TOOK", "SENDER", "REQUEST", "MESSAGE"), on),
      tint::heading, on);
}

std::string message_line(const inspect::traced_message& m, const paper& on) {
  auto reference = [](std::uint64_t n) { return n == 0 ? "-" : std::to_string(n); };
  return fitting(message_columns(short_time(m.time), waited_text(m.waited), short_duration(m.took),
                                 reference(m.sender), reference(m.request), m.type),
                 on);
}

} // namespace gantry::ctl
