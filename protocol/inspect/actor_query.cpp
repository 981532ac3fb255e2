#include "protocol/inspect/actor_query.hpp"

#include "protocol/mux/clean_path.hpp"
#include "protocol/text.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace gantry::inspect {

namespace {

constexpr auto orders = std::to_array<std::string_view>({
    "id",
    "age",
    "mailbox",
    "oldest",
    "message_age",
    "busy",
    "messages",
    "waiting",
    "handling",
});

constexpr auto states = std::to_array<std::string_view>({"running", "ready", "idle", "paused"});

std::string joined(std::span<const std::string_view> words) {
  std::string out;
  for (auto word : words) {
    if (!out.empty())
      out += ", ";
    out += word;
  }
  return out;
}

api_error bad_value(std::string_view parameter, std::string_view value, std::string reason) {
  return invalid("invalid " + std::string{parameter} + ' ' + quoted(value) + ": " + reason);
}

/// Whether `part`, which has no capitals, is in `whole`, its capitals taken for small letters.
bool contains(std::string_view whole, std::string_view part) {
  return std::search(whole.begin(), whole.end(), part.begin(), part.end(),
                     [](char a, char b) { return to_lower(a) == b; }) != whole.end();
}

std::uint64_t key_of(const actor_view& a, actor_order order) noexcept {
  auto length = [](nanoseconds d) {
    return static_cast<std::uint64_t>(std::max(d.count(), std::int64_t{0}));
  };
  switch (order) {
  case actor_order::id:
    return a.id;
  case actor_order::age:
    return length(a.age);
  case actor_order::mailbox:
    return a.mailbox;
  case actor_order::oldest:
    return length(a.oldest);
  case actor_order::message_age:
    return length(a.message_age);
  case actor_order::busy:
    return length(a.busy);
  case actor_order::messages:
    return a.messages;
  case actor_order::waiting:
    return length(a.waiting.p99);
  case actor_order::handling:
    return length(a.handling.p99);
  }
  return 0;
}

result<void> take(actor_query& query, std::string_view name, const std::string& value) {
  if (name == "kind") {
    query.kind = value;
  } else if (name == "name") {
    query.name = value;
  } else if (name == "state") {
    if (std::find(states.begin(), states.end(), value) == states.end())
      return bad_value(name, value, "one of " + joined(states));
    query.state = value;
  } else if (name == "sort") {
    return parse_order(value, query);
  } else {
    const bool is_limit = name == "limit";
    auto number = http::parse_uint(value, is_limit ? std::numeric_limits<std::size_t>::max()
                                                   : std::numeric_limits<std::uint64_t>::max());
    if (!number)
      return bad_value(name, value, number.error().message);
    if (is_limit)
      query.limit = static_cast<std::size_t>(*number);
    else if (name == "request")
      query.request = *number;
    else
      query.parent = *number;
  }
  return {};
}

} // namespace

std::span<const std::string_view> order_names() noexcept { return orders; }
std::span<const std::string_view> state_names() noexcept { return states; }

result<void> parse_order(std::string_view text, actor_query& query) {
  const bool ascending = text.starts_with('-');
  auto found = std::find(orders.begin(), orders.end(), text.substr(ascending ? 1 : 0));
  if (found == orders.end())
    return bad_value("sort", text, "one of " + joined(orders) + ", or one with a - before it");
  query.order = static_cast<actor_order>(found - orders.begin());
  query.ascending = ascending;
  return {};
}

result<actor_query> parse_actor_query(const http::form_values& pairs) {
  static constexpr auto names = std::to_array<std::string_view>(
      {"kind", "state", "parent", "request", "name", "sort", "limit"});
  actor_query query;
  for (const auto& [name, value] : pairs) {
    if (std::find(names.begin(), names.end(), name) == names.end())
      return invalid("unknown parameter " + quoted(name) + ": there are " + joined(names));
    if (pairs.all(name).size() > 1)
      return invalid("parameter " + quoted(name) + " is given twice");
    if (value.empty())
      continue;
    if (auto taken = take(query, name, value); !taken)
      return taken.error();
  }
  return query;
}

std::string to_query(const actor_query& query) {
  std::string out;
  auto add = [&out](std::string_view name, std::string_view value) {
    if (!out.empty())
      out += '&';
    out.append(name).append("=").append(mux::escape_query(value));
  };
  if (!query.kind.empty())
    add("kind", query.kind);
  if (!query.state.empty())
    add("state", query.state);
  if (query.parent)
    add("parent", std::to_string(*query.parent));
  if (query.request)
    add("request", std::to_string(*query.request));
  if (!query.name.empty())
    add("name", query.name);
  if (query.order != actor_order::id || !query.ascending)
    add("sort",
        (query.ascending ? "-" : "") + std::string{orders[static_cast<std::size_t>(query.order)]});
  if (query.limit != 0)
    add("limit", std::to_string(query.limit));
  return out;
}

bool matches(const actor_view& actor, const actor_query& query) {
  if (!query.kind.empty() && actor.kind != query.kind)
    return false;
  if (!query.state.empty() && actor.state != query.state)
    return false;
  if (query.parent && actor.parent != *query.parent)
    return false;
  if (query.request && actor.request != *query.request)
    return false;
  if (query.name.empty())
    return true;
  const auto part = lower(query.name);
  return contains(actor.name, part) || contains(actor.kind, part);
}

bool comes_before(const actor_view& a, const actor_view& b, const actor_query& query) {
  const auto left = key_of(a, query.order);
  const auto right = key_of(b, query.order);
  if (left != right)
    return query.ascending ? left < right : left > right;
  return a.id < b.id;
}

selection select(std::vector<actor_view> actors, const actor_query& query) {
  std::erase_if(actors, [&query](const actor_view& a) { return !matches(a, query); });
  selection chosen{actors.size(), {}};
  // An actor has many members: what is sorted are the places, then each actor moves once.
  std::vector<std::uint32_t> places(actors.size());
  for (std::uint32_t i = 0; i < places.size(); ++i)
    places[i] = i;
  const auto wanted = query.limit == 0 ? places.size() : std::min(query.limit, places.size());
  std::partial_sort(
      places.begin(), places.begin() + static_cast<std::ptrdiff_t>(wanted), places.end(),
      [&](std::uint32_t a, std::uint32_t b) { return comes_before(actors[a], actors[b], query); });
  chosen.actors.reserve(wanted);
  for (std::size_t i = 0; i < wanted; ++i)
    chosen.actors.push_back(std::move(actors[places[i]]));
  return chosen;
}

} // namespace gantry::inspect
