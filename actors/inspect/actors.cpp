#include "actors/inspect/actors.hpp"

#include "actors/core/messages.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

namespace gantry::inspect {

namespace {

using runtime::actor_snapshot;

/// How long it has been doing what it does.
std::chrono::nanoseconds activity_age(const actor_snapshot& a) noexcept {
  return std::max(a.present_age, a.waiting);
}

std::string text(std::chrono::nanoseconds d) { return core::duration_text(caf::timespan{d}); }

/// What it handles now; "" if nothing.
std::string_view present_of(const actor_snapshot& a) noexcept {
  if (a.present.empty() && a.present_age.count() > 0)
    return starting;
  return a.present;
}

void append_line(std::string& out, const actor_snapshot& a) {
  out.append("#\tactor ").append(std::to_string(a.id));
  out.append(" parent ").append(std::to_string(a.parent));
  out.append(" mailbox ").append(std::to_string(a.mailbox));
  out.append(" messages ").append(std::to_string(a.messages));
  if (auto present = present_of(a); !present.empty())
    out.append(" handles ").append(present).append(" for ").append(text(a.present_age));
  out += '\n';
}

void append_stall(std::string& out, const runtime::stall& s) {
  out.append("stall ").append(runtime::to_string(s.what));
  out.append(" [").append(text(s.duration)).append("]:\n").append(s.kind).append("\n");
  out.append("\tmessage ").append(s.message).append("\n");
  if (s.actor != 0)
    out.append("\tactor ").append(std::to_string(s.actor)).append("\n");
  if (s.request != 0)
    out.append("\trequest ").append(std::to_string(s.request)).append("\n");
  if (!s.where.empty())
    out.append("\tat ").append(s.where).append("\n");
  out += '\n';
}

} // namespace

actor_activity activity_of(const actor_snapshot& a) noexcept {
  if (a.present_age.count() > 0)
    return actor_activity::running;
  if (a.paused)
    return actor_activity::paused;
  return a.waiting.count() > 0 ? actor_activity::ready : actor_activity::idle;
}

const char* to_string(actor_activity a) noexcept {
  switch (a) {
  case actor_activity::running:
    return "running";
  case actor_activity::paused:
    return "paused";
  case actor_activity::ready:
    return "ready";
  case actor_activity::idle:
    break;
  }
  return "idle";
}

std::string actor_profile(std::vector<actor_snapshot> actors,
                          const std::vector<runtime::stall>& stalls, int debug) {
  if (debug >= 2)
    return actor_dump(std::move(actors), stalls);
  std::sort(actors.begin(), actors.end(), [](auto& a, auto& b) { return a.id < b.id; });
  using group = std::pair<std::string, std::vector<const actor_snapshot*>>;
  std::map<std::string, std::vector<const actor_snapshot*>> by_name;
  for (const auto& a : actors)
    by_name[std::string{a.kind} + ' ' + to_string(activity_of(a))].push_back(&a);
  std::vector<group> groups{by_name.begin(), by_name.end()};
  std::stable_sort(groups.begin(), groups.end(),
                   [](const auto& a, const auto& b) { return a.second.size() > b.second.size(); });
  auto out = "goroutine profile: total " + std::to_string(actors.size()) + '\n';
  for (const auto& [name, members] : groups) {
    out.append(std::to_string(members.size())).append(" @ ").append(name).append("\n");
    if (debug > 0)
      for (const auto* a : members)
        append_line(out, *a);
  }
  return out;
}

std::string actor_dump(std::vector<actor_snapshot> actors,
                       const std::vector<runtime::stall>& stalls) {
  auto order = [](const actor_snapshot& a) {
    return std::tuple{activity_of(a), -activity_age(a), a.id};
  };
  std::sort(actors.begin(), actors.end(),
            [&order](const auto& a, const auto& b) { return order(a) < order(b); });
  std::string out;
  for (const auto& s : stalls)
    if (!s.over)
      append_stall(out, s);
  for (const auto& a : actors) {
    out.append("actor ").append(std::to_string(a.id)).append(" [");
    out += to_string(activity_of(a));
    if (auto age = activity_age(a); age.count() > 0)
      out.append(", ").append(text(age));
    out.append("]:\n").append(a.kind).append("\n");
    if (auto present = present_of(a); !present.empty())
      out.append("\tmessage ").append(present).append("\n");
    out.append("\tparent ").append(std::to_string(a.parent));
    out.append(", mailbox ").append(std::to_string(a.mailbox));
    out.append(", messages ").append(std::to_string(a.messages));
    out.append(", busy ").append(text(a.busy));
    out.append(", age ").append(text(a.age)).append("\n\n");
  }
  return out;
}

} // namespace gantry::inspect
