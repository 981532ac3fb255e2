#include "protocol/api/filters.hpp"

#include "protocol/api/json.hpp"
#include "protocol/http/form.hpp"
#include "protocol/http/syntax.hpp"
#include "protocol/text.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace gantry::api {

namespace {

namespace json = boost::json;

api_error invalid_value(std::string_view key, std::string_view value, std::string_view why) {
  std::string text = "invalid filter '";
  text.append(key).append("=").append(value).append("'");
  if (!why.empty())
    text.append(": ").append(why);
  return invalid(std::move(text));
}

bool one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string joined(std::span<const std::string_view> words) {
  std::string text;
  for (auto word : words) {
    if (!text.empty())
      text += ", ";
    text += word;
  }
  return text;
}

constexpr std::array<std::string_view, 7> container_states{
    "created", "running", "paused", "restarting", "removing", "exited", "dead"};
constexpr std::array<std::string_view, 4> health_states{"none", "starting", "healthy", "unhealthy"};
constexpr std::array<std::string_view, 15> container_keys{
    "ancestor", "before", "exited",  "expose",  "health", "id",     "is-task", "isolation",
    "label",    "name",   "network", "publish", "since",  "status", "volume"};
constexpr std::array<std::string_view, 6> image_keys{"before", "dangling",  "label",
                                                     "since",  "reference", "until"};
constexpr std::array<std::string_view, 7> network_keys{"dangling", "driver", "id",  "label",
                                                       "name",     "scope",  "type"};
constexpr std::array<std::string_view, 4> volume_keys{"dangling", "driver", "label", "name"};
constexpr std::array<std::string_view, 2> plugin_keys{"capability", "enabled"};

result<std::uint64_t> parse_port(std::string_view text) {
  constexpr std::uint64_t last_port = 65535;
  auto port = http::parse_uint(text, last_port);
  if (!port)
    return invalid("strconv.ParseUint: parsing " + quoted(text) + ": " + port.error().message);
  return port;
}

// `port` or `first-last`, in the words of Go's parsers.
result<void> check_port_range(std::string_view ports) {
  if (ports.empty())
    return invalid("empty string specified for ports");
  const auto dash = ports.find('-');
  const auto first = parse_port(ports.substr(0, dash));
  if (!first)
    return first.error();
  if (dash == ports.npos)
    return {};
  const auto rest = ports.substr(dash + 1);
  const auto last = parse_port(rest.substr(0, rest.find('-')));
  if (!last)
    return last.error();
  if (*last < *first)
    return invalid("invalid range specified for port: " + std::string{ports});
  return {};
}

result<void> check_ports(const filters& f, std::string_view key) {
  for (const auto& value : f.values(key)) {
    if (value.find(':') != std::string::npos)
      return invalid("filter for '" + std::string{key} + "' should not contain ':': " + value);
    const auto range = std::string_view{value}.substr(0, value.find('/'));
    if (auto good = check_port_range(range); !good)
      return invalid("error while looking up for " + std::string{key} + " " + value + ": " +
                     good.error().message);
  }
  return {};
}

result<void> check_containers(const filters& f) {
  for (const auto& code : f.values("exited"))
    if (auto number = http::parse_int(code); !number)
      return invalid_value("exited", code, number.error().message);
  for (const auto& state : f.values("status"))
    if (!one_of(state, container_states))
      return invalid_value("status", state,
                           "invalid value for state (" + state + "): must be one of " +
                               joined(container_states));
  for (const auto& state : f.values("health"))
    if (!one_of(state, health_states))
      return invalid_value("health", state,
                           "invalid value for health (" + state + "): must be one of " +
                               joined(health_states));
  if (auto task = f.boolean("is-task"); !task)
    return task.error();
  if (auto ports = check_ports(f, "publish"); !ports)
    return ports;
  return check_ports(f, "expose");
}

// Networks have words of their own for a bad `dangling`.
result<void> check_networks(const filters& f) {
  if (f.contains("dangling")) {
    auto values = f.values("dangling");
    if (values.size() > 1)
      return invalid("got more than one value for filter key \"dangling\"");
    constexpr std::array<std::string_view, 4> words{"0", "1", "false", "true"};
    if (values.empty() || !one_of(values.front(), words))
      return invalid("invalid value for filter 'dangling', must be \"true\" (or \"1\"), or "
                     "\"false\" (or \"0\")");
  }
  for (const auto& type : f.values("type"))
    if (type != "builtin" && type != "custom")
      return invalid("invalid filter: 'type'='" + type + "'");
  return {};
}

} // namespace

result<filters> filters::parse(std::string_view text) {
  filters f;
  if (text.empty())
    return f;
  auto parsed = parse_json(text);
  if (!parsed || !(parsed->is_object() || parsed->is_null()))
    return invalid("invalid filter");
  if (parsed->is_null())
    return f;
  // NOTE: one encoding for all keys, as Go decodes the whole either way.
  bool sets = true;
  bool lists = true;
  for (const auto& [key, value] : parsed->get_object()) {
    if (value.is_null())
      continue;
    if (value.is_object())
      sets = sets && std::all_of(value.get_object().begin(), value.get_object().end(),
                                 [](const auto& m) { return m.value().is_bool(); });
    else
      sets = false;
    if (value.is_array())
      lists = lists && std::all_of(value.get_array().begin(), value.get_array().end(),
                                   [](const auto& v) { return v.is_string(); });
    else
      lists = false;
  }
  if (!sets && !lists)
    return invalid("invalid filter");
  for (const auto& [key, value] : parsed->get_object()) {
    f.values_.try_emplace(std::string{key});
    if (value.is_object())
      for (const auto& member : value.get_object())
        f.add(key, member.key());
    else if (value.is_array())
      for (const auto& element : value.get_array())
        f.add(key, element.get_string());
  }
  return f;
}

std::span<const std::string> filters::values(std::string_view key) const {
  auto found = values_.find(key);
  if (found == values_.end())
    return {};
  return found->second;
}

void filters::add(std::string_view key, std::string_view value) {
  auto& list = values_.try_emplace(std::string{key}).first->second;
  auto place = std::lower_bound(list.begin(), list.end(), value);
  if (place == list.end() || *place != value)
    list.emplace(place, value);
}

result<void> filters::allow_only(std::span<const std::string_view> allowed) const {
  for (const auto& [key, list] : values_)
    if (!one_of(key, allowed))
      return invalid("invalid filter '" + key + "'");
  return {};
}

result<std::optional<bool>> filters::boolean(std::string_view key) const {
  if (!contains(key))
    return std::optional<bool>{};
  const auto all = values(key);
  if (all.empty())
    return invalid("invalid filter '" + std::string{key} + "'");
  bool yes = false;
  bool no = false;
  std::string shown = "[";
  for (const auto& value : all) {
    yes = yes || value == "1" || value == "true";
    no = no || value == "0" || value == "false";
    if (shown.size() > 1)
      shown += ' ';
    shown += value;
  }
  shown += ']';
  if (yes == no)
    return invalid_value(key, shown, {});
  return std::optional<bool>{yes};
}

bool filters::match_exact(std::string_view key, std::string_view source) const {
  auto list = values(key);
  return list.empty() || std::find(list.begin(), list.end(), source) != list.end();
}

bool filters::match_fuzzy(std::string_view key, std::string_view source) const {
  auto list = values(key);
  return list.empty() || std::any_of(list.begin(), list.end(),
                                     [&](const auto& value) { return source.starts_with(value); });
}

bool filters::match_regex(std::string_view key, std::string_view source) const {
  auto list = values(key);
  if (match_exact(key, source))
    return true;
  RE2::Options quiet;
  quiet.set_log_errors(false);
  return std::any_of(list.begin(), list.end(), [&](const auto& value) {
    RE2 expression{value, quiet};
    return expression.ok() &&
           RE2::PartialMatch(re2::StringPiece{source.data(), source.size()}, expression);
  });
}

bool filters::match_labels(std::string_view key,
                           const std::map<std::string, std::string, std::less<>>& labels) const {
  auto list = values(key);
  return std::all_of(list.begin(), list.end(), [&](std::string_view wanted) {
    auto equals = wanted.find('=');
    auto found = labels.find(wanted.substr(0, equals));
    return found != labels.end() &&
           (equals == std::string_view::npos || found->second == wanted.substr(equals + 1));
  });
}

std::string filters::to_json() const {
  if (values_.empty())
    return {};
  json::object object;
  for (const auto& [key, list] : values_)
    object[key] = json::array(list.begin(), list.end());
  std::string text;
  append_json(text, object);
  return text;
}

result<void> validate(const filters& f, filtered list) {
  auto boolean = [&f](std::string_view key) -> result<void> {
    auto value = f.boolean(key);
    if (!value)
      return value.error();
    return {};
  };
  switch (list) {
  case filtered::containers:
    if (auto keys = f.allow_only(container_keys); !keys)
      return keys;
    return check_containers(f);
  case filtered::images:
    if (auto keys = f.allow_only(image_keys); !keys)
      return keys;
    return boolean("dangling");
  case filtered::networks:
    if (auto keys = f.allow_only(network_keys); !keys)
      return keys;
    return check_networks(f);
  case filtered::volumes:
    if (auto keys = f.allow_only(volume_keys); !keys)
      return keys;
    return boolean("dangling");
  case filtered::plugins:
    if (auto keys = f.allow_only(plugin_keys); !keys)
      return keys;
    return boolean("enabled");
  }
  return {};
}

} // namespace gantry::api
