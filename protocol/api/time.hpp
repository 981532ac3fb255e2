#pragma once

#include "protocol/error.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace gantry::api {

/// A point of time in nanoseconds since 1970, UTC.
using timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;

/// The point of time that many seconds after 1970. What lies outside of the years 1677 to 2262
/// becomes the nearest that can be held.
timestamp from_unix_time(std::int64_t seconds, std::int64_t nanoseconds = 0) noexcept;

/// `SECONDS.NNNNNNNNN`: what jobs get as a point of time.
std::string to_unix_time(timestamp t);

/// Reads a point of time: `SECONDS[.FRACTION]` since 1970, an RFC 3339 date or time (down to the
/// hour, without a zone: UTC), or a Go duration before `now` (`1h30m`). Errors: invalid_parameter
/// `strconv.ParseInt: parsing "x": invalid syntax`.
result<timestamp> parse_time(std::string_view text, timestamp now);

} // namespace gantry::api
