#pragma once

#include "protocol/error.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace gantry::oci {

/// A point of time as images carry it: years 0 to 9999, nanoseconds, and the zone in which it was
/// written, so that it is shown as it came. NOTE: tools that build reproducible images write the
/// year 1, which no nanosecond count since 1970 can hold.
struct instant {
  std::int64_t seconds = 0;        ///< since 1970, UTC
  std::int32_t nanoseconds = 0;    ///< 0 to 999,999,999
  std::int32_t offset_minutes = 0; ///< of the zone, east is positive; no part of the order

  friend bool operator==(const instant& a, const instant& b) noexcept {
    return a.seconds == b.seconds && a.nanoseconds == b.nanoseconds;
  }
  friend std::strong_ordering operator<=>(const instant& a, const instant& b) noexcept {
    if (auto order = a.seconds <=> b.seconds; order != 0)
      return order;
    return a.nanoseconds <=> b.nanoseconds;
  }
};

/// Go's zero time, `0001-01-01T00:00:00Z`: what API versions below 1.44 show for no time.
inline constexpr instant zero_instant{-62135596800, 0, 0};

/// Reads RFC 3339 (`2014-08-20T10:00:00.123456789+02:00`). Errors: invalid_parameter
/// `parsing time "x": not RFC 3339`.
result<instant> parse_instant(std::string_view text);

/// `2014-08-20T10:00:00.1234Z`: RFC 3339 in its own zone, nanoseconds without trailing zeros.
std::string to_string(const instant& t);

} // namespace gantry::oci
