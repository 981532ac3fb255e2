#pragma once

#include "protocol/api/filters.hpp"
#include "protocol/api/time.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::api {

/// Something that happened to an object of the daemon.
struct event {
  std::string type;   ///< `container`, `image`, `network`, ...
  std::string action; ///< `start`, `exec_create: ls`, ...
  std::string actor;  ///< id of the object; for some types its name
  std::map<std::string, std::string, std::less<>> attributes;
  std::string scope = "local";
  timestamp time;

  friend bool operator==(const event&, const event&) = default;
};

/// How an event is written.
enum class event_shape : std::uint8_t {
  v1_2,  ///< `{status,id,from,time}`, nothing between objects (clause K-6)
  today, ///< Type, Action, Actor, ... with the older members too, as below API 1.52; a line each
};

/// The word for a shape in a job's environment: `1.2` or `today`.
std::string_view to_string(event_shape shape) noexcept;
/// The shape for that word; everything but `1.2` is `today`.
event_shape parse_event_shape(std::string_view word) noexcept;

/// True if the shape can show the event: the 1.2.0 one knows containers and images only.
bool is_shown(const event& e, event_shape shape) noexcept;

/// Appends the event as one JSON object, with its final newline where the shape has one.
void append_event(std::string& out, const event& e, event_shape shape);

/// Keys this daemon knows (others are ignored): type, event, scope, label, image, and every type
/// of object. Matching is the one of section 14: `event` turns to prefixes when a value is a bare
/// `health_status`, `exec_create` or `exec_start`; images match with or without their tag.
bool matches(const filters& f, const event& e);

/// The stretch of time that a listener asked for; nothing means open.
struct event_range {
  std::optional<timestamp> since;
  std::optional<timestamp> until;

  friend bool operator==(const event_range&, const event_range&) = default;
};

/// Reads `since` and `until`; empty text means open. Errors: invalid_parameter for unreadable ones
/// and for `since` after `until`.
result<event_range> parse_event_range(std::string_view since, std::string_view until,
                                      timestamp now);

/// The same by the rules of 1.2.0: whole seconds; 0 and garbage mean open (clause W13).
event_range parse_legacy_event_range(std::string_view since, std::string_view until);

} // namespace gantry::api
