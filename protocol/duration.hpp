#pragma once

#include "protocol/error.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace gantry {

/// Reads a Go duration: `1h30m`, `-1.5s`, `0`. What is less than a nanosecond counts for nothing.
/// Errors: invalid_parameter `time: invalid duration "x"` (also for more than 292 years), `time:
/// missing unit in duration "5"`, `time: unknown unit "y" in duration "1y"`.
result<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// Writes it as Go does: `1h0m0.5s`, `1.5ms`, `0s`; never `1d` or `90s`.
std::string go_duration(std::chrono::nanoseconds d);

} // namespace gantry
