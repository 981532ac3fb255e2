#include "protocol/api/events.hpp"

#include "protocol/api/json.hpp"
#include "protocol/http/form.hpp"
#include "protocol/http/syntax.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gantry::api {

namespace {

// Value of an attribute, or "".
std::string_view attribute(const event& e, std::string_view name) {
  auto found = e.attributes.find(name);
  return found == e.attributes.end() ? std::string_view{} : std::string_view{found->second};
}

std::string_view from_of(const event& e) {
  return e.type == "container" ? attribute(e, "image") : std::string_view{};
}

void member(std::string& out, std::string_view name, std::string_view value) {
  out += '"';
  out += name;
  out += "\":";
  append_json_string(out, value);
  out += ',';
}

std::int64_t seconds_of(const event& e) {
  return std::chrono::floor<std::chrono::seconds>(e.time).time_since_epoch().count();
}

// `name` of `name:tag` and `name@digest`, in its familiar form; a colon before the last slash is a
// registry's port.
std::string_view without_tag(std::string_view reference) {
  for (std::string_view prefix : {"docker.io/", "library/"})
    if (reference.starts_with(prefix))
      reference.remove_prefix(prefix.size());
  reference = reference.substr(0, reference.find('@'));
  auto colon = reference.rfind(':');
  auto slash = reference.rfind('/');
  if (colon == std::string_view::npos || (slash != std::string_view::npos && colon < slash))
    return reference;
  return reference.substr(0, colon);
}

bool matches_action(const filters& f, const event& e) {
  constexpr std::array<std::string_view, 3> open{"health_status", "exec_create", "exec_start"};
  auto values = f.values("event");
  bool prefixes = std::any_of(values.begin(), values.end(), [&](const auto& value) {
    return std::find(open.begin(), open.end(), value) != open.end();
  });
  return prefixes ? f.match_fuzzy("event", e.action) : f.match_exact("event", e.action);
}

bool matches_image(const filters& f, const event& e) {
  if (!f.contains("image"))
    return true;
  auto name = attribute(e, e.type == "image" ? "name" : "image");
  return f.match_exact("image", e.actor) || f.match_exact("image", name) ||
         f.match_exact("image", without_tag(e.actor)) || f.match_exact("image", without_tag(name));
}

// NOTE: any event whose id or name fits is shown, whatever its type, as dockerd does.
bool matches_object(const filters& f, const event& e, std::string_view type) {
  return f.match_fuzzy(type, e.actor) || f.match_fuzzy(type, attribute(e, "name"));
}

} // namespace

std::string_view to_string(event_shape shape) noexcept {
  return shape == event_shape::v1_2 ? "1.2" : "today";
}

event_shape parse_event_shape(std::string_view word) noexcept {
  return word == "1.2" ? event_shape::v1_2 : event_shape::today;
}

bool is_shown(const event& e, event_shape shape) noexcept {
  return shape == event_shape::today || e.type == "container" || e.type == "image";
}

void append_event(std::string& out, const event& e, event_shape shape) {
  if (shape == event_shape::v1_2) {
    out += '{';
    member(out, "status", e.action);
    member(out, "id", e.actor);
    if (auto from = from_of(e); !from.empty())
      member(out, "from", from);
    out += "\"time\":" + std::to_string(seconds_of(e)) + '}';
    return;
  }
  out += '{';
  if (e.type == "container" || e.type == "image") {
    member(out, "status", e.action);
    if (!e.actor.empty())
      member(out, "id", e.actor);
    if (auto from = from_of(e); !from.empty())
      member(out, "from", from);
  }
  member(out, "Type", e.type);
  member(out, "Action", e.action);
  out += "\"Actor\":{";
  member(out, "ID", e.actor);
  out += "\"Attributes\":{";
  bool first = true;
  for (const auto& [name, value] : e.attributes) {
    if (!first)
      out += ',';
    first = false;
    append_json_string(out, name);
    out += ':';
    append_json_string(out, value);
  }
  out += "}},";
  if (!e.scope.empty())
    member(out, "scope", e.scope);
  out += "\"time\":" + std::to_string(seconds_of(e));
  out += ",\"timeNano\":" + std::to_string(e.time.time_since_epoch().count()) + "}\n";
}

bool matches(const filters& f, const event& e) {
  constexpr std::array<std::string_view, 9> types{
      "container", "daemon", "network", "plugin", "volume", "service", "node", "secret", "config"};
  return matches_action(f, e) && f.match_exact("type", e.type) && f.match_exact("scope", e.scope) &&
         matches_image(f, e) && f.match_labels("label", e.attributes) &&
         std::all_of(types.begin(), types.end(),
                     [&](auto type) { return matches_object(f, e, type); });
}

result<event_range> parse_event_range(std::string_view since, std::string_view until,
                                      timestamp now) {
  event_range range;
  for (auto [text, end] : {std::pair{since, &range.since}, std::pair{until, &range.until}}) {
    if (text.empty())
      continue;
    auto time = parse_time(text, now);
    if (!time)
      return time.error();
    *end = *time;
  }
  if (range.since && range.until && *range.until < *range.since) {
    std::string text = "`since` time (";
    text.append(since).append(") cannot be after `until` time (").append(until).append(")");
    return api_error{errc::invalid_parameter, std::move(text)};
  }
  return range;
}

event_range parse_legacy_event_range(std::string_view since, std::string_view until) {
  auto seconds = [](std::string_view text) -> std::optional<timestamp> {
    auto number = http::parse_int(http::trim(text));
    if (!number || *number == 0)
      return std::nullopt;
    return from_unix_time(*number);
  };
  return {seconds(since), seconds(until)};
}

} // namespace gantry::api
