#include "app/ctl/text.hpp"
#include "app/ctl/views.hpp"

namespace gantry::ctl {

namespace {

std::string figures(const inspect::latency& l) {
  if (l.count == 0)
    return "-";
  return "mean " + short_duration(l.mean) + ", half " + short_duration(l.p50) + ", 99% " +
         short_duration(l.p99) + ", max " + short_duration(l.max) + " of " + short_count(l.count);
}

std::string state_text(const inspect::actor_view& a) {
  auto text = a.state;
  if (!a.message.empty())
    text += ": " + a.message + " for " + short_duration(a.message_age);
  return text;
}

std::string mailbox_text(const inspect::actor_view& a) {
  auto text = std::to_string(a.mailbox);
  if (a.mailbox > 0 && a.oldest.count() > 0)
    text += ", the oldest waits for " + short_duration(a.oldest);
  return text;
}

std::string ids_text(const std::vector<std::uint64_t>& ids) {
  std::string text;
  for (auto id : ids)
    text += (text.empty() ? "" : " ") + std::to_string(id);
  return text.empty() ? "-" : text;
}

/// Two columns without titles.
std::string rows(const std::vector<std::pair<std::string, cell>>& pairs, const paper& on) {
  table t{{{""}, {""}}};
  for (const auto& [name, value] : pairs)
    t.add({cell{name, tint::heading}, value});
  auto lines = t.lines(on);
  lines.erase(lines.begin());
  return joined(lines);
}

} // namespace

std::string detail_text(const inspect::actor_detail& detail, const paper& on) {
  const auto& a = detail.actor;
  auto out = rows({{"id", std::to_string(a.id)},
                   {"kind", a.kind},
                   {"name", a.name},
                   {"parent", a.parent == 0 ? "-" : std::to_string(a.parent)},
                   {"children", ids_text(detail.children)},
                   {"state", cell{state_text(a), tint_of_state(a.state)}},
                   {"request", a.request == 0 ? "-" : std::to_string(a.request)},
                   {"age", short_duration(a.age)},
                   {"mailbox", mailbox_text(a)},
                   {"messages", short_count(a.messages) + ", busy " + short_duration(a.busy)},
                   {"waiting", figures(a.waiting)},
                   {"handling", figures(a.handling)}},
                  on);
  out += '\n' + tinted("Facts", tint::heading, on) + '\n';
  std::vector<std::pair<std::string, cell>> facts;
  for (const auto& [name, value] : detail.facts)
    facts.emplace_back(name, value);
  if (facts.empty())
    out += printable(detail.facts_missing.empty() ? "none" : detail.facts_missing, on.utf8) + '\n';
  else
    out += rows(facts, on);
  if (!detail.traced)
    return out;
  out += '\n' + tinted("Last messages", tint::heading, on) + '\n';
  table last{{{"TIME"},
              {"MESSAGE"},
              {"SENDER", side::right},
              {"REQUEST", side::right},
              {"WAITED", side::right},
              {"TOOK", side::right}}};
  auto reference = [](std::uint64_t n) { return n == 0 ? "-" : std::to_string(n); };
  for (const auto& m : detail.last)
    last.add({short_time(m.time), m.type, reference(m.sender), reference(m.request),
              short_duration(m.waited), short_duration(m.took)});
  return out + last.text(on);
}

} // namespace gantry::ctl
