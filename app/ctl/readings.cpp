#include "app/ctl/readings.hpp"

#include "app/ctl/text.hpp"
#include "app/ctl/views.hpp"
#include "protocol/inspect/actor_query.hpp"
#include "protocol/inspect/json.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace gantry::ctl {

namespace {

/// An answer that is not what the API says it is.
api_error strange(const source& from, const std::string& why) {
  return {errc::system, from.name() + ": strange answer: " + why};
}

/// The member of that name of an answer. Errors: it is not there.
result<boost::json::value> get_member(source& from, std::string_view target,
                                      std::string_view name) {
  const auto body = from.get(target);
  if (!body)
    return body.error();
  auto value = inspect::parse_json(*body);
  if (!value)
    return strange(from, value.error().message);
  auto* object = value->if_object();
  auto* member = object ? object->if_contains(name) : nullptr;
  if (!member)
    return strange(from, '"' + std::string{name} + "\" is missing");
  return std::move(*member);
}

template <class T>
result<std::vector<T>> get_list(source& from, std::string_view target, std::string_view name) {
  const auto member = get_member(from, target, name);
  if (!member)
    return member.error();
  auto items = inspect::list_from_json<T>(*member);
  if (!items)
    return strange(from, std::string{name} + items.error().message);
  return items;
}

/// What the API said, in lines of its own.
result<std::string> as_it_is(source& from, std::string_view target) {
  auto body = from.get(target);
  if (body && !body->ends_with('\n'))
    *body += '\n';
  return body;
}

template <class T, table (*Table)(std::span<const T>)>
result<std::string> list(const invocation& how, source& from, const paper& on) {
  const std::string name{how.command->name};
  const auto target = "/v1/" + name;
  if (how.has("json"))
    return as_it_is(from, target);
  auto member = name;
  std::replace(member.begin(), member.end(), '-', '_');
  const auto items = get_list<T>(from, target, member);
  if (!items)
    return items.error();
  return Table(*items).text(on);
}

result<std::string> ps(const invocation& how, source& from, const paper& on) {
  const auto target = actors_target(how);
  if (!target)
    return target.error();
  if (how.has("json"))
    return as_it_is(from, *target);
  const auto actors = get_list<inspect::actor_view>(from, *target, "actors");
  if (!actors)
    return actors.error();
  return actor_table(*actors).text(on);
}

result<std::string> tree(const invocation& how, source& from, const paper& on) {
  const bool all = how.operand.empty();
  if (all && how.has("json"))
    return as_it_is(from, "/v1/tree");
  auto actors = get_list<inspect::actor_view>(from, "/v1/actors", "actors");
  if (!actors)
    return actors.error();
  auto roots = inspect::make_tree(std::move(*actors));
  if (!all) {
    const auto* node = find_node(roots, std::stoull(how.operand));
    if (!node)
      return api_error{errc::not_found, "no such actor: " + how.operand};
    roots = {inspect::tree_node{*node}};
  }
  if (!how.has("json"))
    return tree_text(roots, on);
  boost::json::object answer;
  answer.emplace("roots", inspect::to_json(roots, {}));
  return boost::json::serialize(answer) + '\n';
}

result<std::string> show(const invocation& how, source& from, const paper& on) {
  const auto target = "/v1/actors/" + how.operand;
  if (how.has("json"))
    return as_it_is(from, target);
  const auto body = from.get(target);
  if (!body)
    return body.error();
  const auto value = inspect::parse_json(*body);
  if (!value)
    return strange(from, value.error().message);
  const auto detail = inspect::from_json<inspect::actor_detail>(*value);
  if (!detail)
    return strange(from, detail.error().message);
  return detail_text(*detail, on);
}

result<std::string> requests(const invocation& how, source& from, const paper& on) {
  std::string target = "/v1/requests";
  if (how.has("limit"))
    target += "?limit=" + how.get("limit");
  if (how.has("json"))
    return as_it_is(from, target);
  const auto items = get_list<inspect::request_view>(from, target, "requests");
  if (!items)
    return items.error();
  return request_table(*items).text(on);
}

result<std::string> pool(const invocation& how, source& from, const paper& on) {
  if (how.has("json"))
    return as_it_is(from, "/v1/pool");
  const auto member = get_member(from, "/v1/pool", "pool");
  if (!member)
    return member.error();
  const auto view = inspect::from_json<inspect::pool_view>(*member);
  if (!view)
    return strange(from, view.error().message);
  const auto running = std::count_if(view->tasks.begin(), view->tasks.end(),
                                     [](const auto& t) { return t.state == "running"; });
  auto out = counted(view->threads, "thread") + ", room for " + counted(view->capacity, "task") +
             "; " + std::to_string(running) + " running, " +
             std::to_string(view->tasks.size() - static_cast<std::size_t>(running)) + " waiting\n";
  if (!view->tasks.empty())
    out += task_table(view->tasks).text(on);
  return out;
}

constexpr auto readings = std::to_array<std::pair<std::string_view, reading>>({
    {"tree", tree},
    {"ps", ps},
    {"show", show},
    {"kinds", list<inspect::kind_view, kind_table>},
    {"threads", list<inspect::thread_view, thread_table>},
    {"pool", pool},
    {"jobs", list<inspect::job_view, job_table>},
    {"connections", list<inspect::connection_view, connection_table>},
    {"streams", list<inspect::stream_view, stream_table>},
    {"requests", requests},
    {"containers", list<inspect::container_view, container_table>},
    {"deaths", list<inspect::death_view, death_table>},
    {"dead-letters", list<inspect::dead_letter_view, dead_letter_table>},
    {"stalls", list<inspect::stall_view, stall_table>},
});

} // namespace

result<std::string> actors_target(const invocation& from) {
  http::form_values pairs;
  for (const auto& [flag, name] : {std::pair{"kind", "kind"},
                                   {"state", "state"},
                                   {"parent", "parent"},
                                   {"request", "request"},
                                   {"filter", "name"},
                                   {"sort", "sort"},
                                   {"limit", "limit"}})
    if (from.has(flag))
      pairs.add(name, from.get(flag));
  const auto query = inspect::parse_actor_query(pairs);
  if (!query)
    return query.error();
  const auto text = to_query(*query);
  return text.empty() ? "/v1/actors" : "/v1/actors?" + text;
}

reading find_reading(std::string_view command) noexcept {
  const auto* found = std::find_if(readings.begin(), readings.end(),
                                   [command](const auto& r) { return r.first == command; });
  return found == readings.end() ? nullptr : found->second;
}

} // namespace gantry::ctl
