#include "protocol/inspect/answers.hpp"

#include "protocol/inspect/actor_query.hpp"
#include "protocol/inspect/json.hpp"
#include "protocol/inspect/trace.hpp"
#include "protocol/inspect/tree.hpp"
#include "protocol/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace gantry::inspect {

namespace json = boost::json;

namespace {

/// One part of the whole as an object with one member.
template <auto Part>
json::object part_of(const system_view& view, std::string_view name) {
  json::object out;
  out.emplace(name, to_json(view.*Part));
  return out;
}

struct part {
  std::string_view page; ///< as in the path
  std::string_view name; ///< of the member
  json::object (*answer)(const system_view&, std::string_view);
};

constexpr auto parts = std::to_array<part>({
    {"kinds", "kinds", part_of<&system_view::kinds>},
    {"threads", "threads", part_of<&system_view::threads>},
    {"pool", "pool", part_of<&system_view::pool>},
    {"jobs", "jobs", part_of<&system_view::jobs>},
    {"connections", "connections", part_of<&system_view::connections>},
    {"streams", "streams", part_of<&system_view::streams>},
    {"containers", "containers", part_of<&system_view::containers>},
    {"dead-letters", "dead_letters", part_of<&system_view::dead_letters>},
    {"deaths", "deaths", part_of<&system_view::deaths>},
    {"stalls", "stalls", part_of<&system_view::stalls>},
});

json::object greeting(const system_view& view) {
  return {{"version", view.version}, {"api", "v1"},       {"id", view.id},
          {"pid", view.pid},         {"time", view.time}, {"uptime_ns", view.uptime.count()}};
}

result<json::object> details(const system_view& view, std::string_view id) {
  const auto number = http::parse_uint(id, std::numeric_limits<std::uint64_t>::max());
  const auto found = std::find_if(view.actors.begin(), view.actors.end(), [&](const actor_view& a) {
    return number.has_value() && a.id == *number;
  });
  if (found == view.actors.end())
    return api_error{errc::not_found, "no such actor: " + std::string{id}};
  actor_detail detail;
  detail.actor = *found;
  detail.facts_missing = "a dump does not hold them";
  for (const auto& actor : view.actors)
    if (actor.parent == detail.actor.id)
      detail.children.push_back(actor.id);
  std::sort(detail.children.begin(), detail.children.end());
  return to_json(detail);
}

result<json::object> requests_answer(const system_view& view, const http::form_values& query) {
  std::size_t limit = 0;
  for (const auto& [name, value] : query) {
    if (name != "limit")
      return invalid("unknown parameter " + quoted(name) + ": there is limit");
    if (query.all(name).size() > 1)
      return invalid("parameter " + quoted(name) + " is given twice");
    const auto number = http::parse_uint(value, std::numeric_limits<std::size_t>::max());
    if (!number)
      return invalid("invalid limit " + quoted(value) + ": " + number.error().message);
    limit = static_cast<std::size_t>(*number);
  }
  json::object out;
  out.emplace("requests", to_json(limited(view.requests, limit)));
  return out;
}

result<json::object> trace_answer(const system_view& view, std::string_view id) {
  const auto number = http::parse_uint(id, std::numeric_limits<std::uint64_t>::max());
  const auto trace = number ? trace_of(*number, view.requests, view.spans) : std::nullopt;
  if (!trace)
    return api_error{errc::not_found,
                     "no such request: " + std::string{id} + "; only the last ones are kept"};
  return to_json(*trace);
}

} // namespace

result<json::object> actors_answer(std::string_view time, std::vector<actor_view> actors,
                                   const http::form_values& query, json::storage_ptr memory) {
  const auto wanted = parse_actor_query(query);
  if (!wanted)
    return wanted.error();
  const auto chosen = select(std::move(actors), *wanted);
  json::object out(memory);
  out.emplace("time", time);
  out.emplace("total", chosen.total);
  out.emplace("actors", to_json(chosen.actors, memory));
  return out;
}

json::object tree_answer(std::vector<actor_view> actors, json::storage_ptr memory) {
  json::object out(memory);
  out.emplace("roots", to_json(make_tree(std::move(actors)), memory));
  return out;
}

result<json::object> answer_from(const system_view& view, std::string_view path,
                                 const http::form_values& query) {
  constexpr std::string_view base = "/v1/";
  constexpr std::string_view actors = "actors/";
  constexpr std::string_view one_request = "requests/";
  const auto page = path.starts_with(base) ? path.substr(base.size()) : path;
  if (page == "actors")
    return actors_answer(view.time, view.actors, query);
  if (page == "requests")
    return requests_answer(view, query);
  if (!query.empty())
    return invalid("unknown parameter " + quoted(query.begin()->first));
  if (page.starts_with(actors))
    return details(view, page.substr(actors.size()));
  if (page.starts_with(one_request))
    return trace_answer(view, page.substr(one_request.size()));
  if (page.empty())
    return greeting(view);
  if (page == "tree")
    return tree_answer(view.actors);
  if (page == "dump")
    return to_json(view);
  for (const auto& each : parts)
    if (each.page == page)
      return each.answer(view, each.name);
  return api_error{errc::not_found, "no such page: " + std::string{path}};
}

} // namespace gantry::inspect
