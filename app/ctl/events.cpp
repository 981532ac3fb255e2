#include "app/ctl/events.hpp"

#include "app/ctl/run.hpp"
#include "app/ctl/terminal.hpp"
#include "app/ctl/text.hpp"
#include "protocol/inspect/json.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <sys/time.h>

#include <cstdio>
#include <ctime>
#include <optional>

namespace gantry::ctl {

namespace {

namespace json = boost::json;

std::string text_member(const json::object& o, const char* name) {
  const auto* value = o.if_contains(name);
  return value && value->is_string() ? std::string{value->get_string()} : "";
}

std::string number_member(const json::object& o, const char* name) {
  const auto* value = o.if_contains(name);
  return value && value->is_number() ? json::serialize(*value) : "?";
}

std::string actor_event(const json::object& o) {
  auto text = text_member(o, "what") + ' ' + text_member(o, "kind") + ' ' + number_member(o, "id");
  if (text_member(o, "what") == "spawned")
    return text + ", parent " + number_member(o, "parent");
  const auto reason = text_member(o, "reason");
  return reason.empty() ? text : text + ": " + reason;
}

std::string stall_event(const inspect::stall_view& s) {
  auto text = "stall: " + s.what;
  if (s.actor != 0)
    text += " of " + s.kind + ' ' + std::to_string(s.actor);
  text += (s.over ? " is over after " : " for ") + short_duration(s.duration);
  if (!s.message.empty())
    text += ", " + s.message;
  if (s.request != 0)
    text += ", request " + std::to_string(s.request);
  return s.where.empty() ? text : text + ", at " + s.where;
}

std::string time_of_day() {
  timeval now{};
  ::gettimeofday(&now, nullptr);
  std::tm parts{};
  ::localtime_r(&now.tv_sec, &parts);
  char text[32];
  std::snprintf(text, sizeof(text), "%02d:%02d:%02d.%03d", parts.tm_hour, parts.tm_min,
                parts.tm_sec, static_cast<int>(now.tv_usec / 1000));
  return text;
}

} // namespace

std::string event_text(const server_event& event) {
  const auto value = inspect::parse_json(event.data);
  if (value && value->is_object()) {
    const auto& o = value->get_object();
    if (event.name == "actor")
      return actor_event(o);
    if (event.name == "gap")
      return number_member(o, "lost") + " events lost";
    if (event.name == "stall")
      if (const auto stall = inspect::from_json<inspect::stall_view>(*value))
        return stall_event(*stall);
  }
  return event.name + ": " + event.data;
}

std::string event_json(const server_event& event) {
  json::object out{{"event", event.name}};
  const auto value = inspect::parse_json(event.data);
  if (value && value->is_object())
    for (const auto& member : value->get_object())
      out.emplace(member.key(), member.value());
  else
    out.emplace("data", event.data);
  return json::serialize(out);
}

int follow_events(const invocation& how, const environment& env) {
  auto settings = client_settings(how, env);
  if (!settings)
    return tell_failure(settings.error());
  const auto on = paper_of_stdout(how.has("no-trunc"));
  const bool as_json = how.has("json");
  const api_client client{std::move(*settings)};
  event_reader reader;
  std::optional<api_error> failure;
  const auto answer = client.follow("/v1/events", [&](std::string_view piece) {
    const auto events = reader.feed(piece);
    if (!events) {
      failure = events.error();
      return false;
    }
    std::string lines;
    for (const auto& event : *events)
      lines += as_json ? event_json(event) + '\n'
                       : printable(time_of_day() + ' ' + event_text(event), on.utf8) + '\n';
    if (auto printed = print(lines); !printed)
      failure = printed.error();
    return !failure;
  });
  if (!answer)
    return tell_failure(answer.error());
  if (answer->status != 200)
    return tell_failure(error_of(*answer));
  return tell_failure(
      failure.value_or(api_error{errc::system, "gantryd has ended the stream of events"}));
}

} // namespace gantry::ctl
