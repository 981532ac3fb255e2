#include "actors/inspect/service/event_text.hpp"

#include "actors/inspect/views.hpp"
#include "actors/runtime/stats.hpp"
#include "protocol/inspect/json.hpp"
#include "protocol/utf8.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <string_view>
#include <variant>

namespace gantry::inspect {

namespace json = boost::json;

namespace {

constexpr std::size_t most_at_once = 256;

void append_event(std::string& out, std::string_view name, const json::object& data) {
  // JSON has no line breaks outside of texts, and within them it escapes them.
  out.append("event: ").append(name).append("\ndata: ");
  out.append(json::serialize(data)).append("\n\n");
}

json::object as_json(const runtime::actor_change& c) {
  auto reason = c.reason;
  mend_utf8(reason);
  return {{"what", c.ended ? "ended" : "spawned"},
          {"id", c.actor},
          {"kind", runtime::kind_name(c.kind)},
          {"parent", c.parent},
          {"reason", reason}};
}

} // namespace

follower::follower(runtime::history& of) : history_(of) {
  history_.begin_listening();
  place_ = history_.changes.end();
}

follower::~follower() { history_.end_listening(); }

void follower::append_news(std::string& out) {
  auto news = history_.changes.from(place_, most_at_once);
  place_ = news.next;
  if (news.lost != 0)
    append_event(out, "gap", {{"lost", news.lost}});
  for (const auto& each : news.items) {
    if (const auto* change = std::get_if<runtime::actor_change>(&each))
      append_event(out, "actor", as_json(*change));
    else
      append_event(out, "stall", to_json(view_of(std::get<runtime::stall>(each))));
  }
}

} // namespace gantry::inspect
