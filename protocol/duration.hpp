#pragma once

#include "protocol/error.hpp"

#include <chrono>
#include <string_view>

namespace gantry {

/// Reads a Go duration: `1h30m`, `-1.5s`, `0`. What is less than a nanosecond counts for nothing.
/// Errors: invalid_parameter `time: invalid duration "x"` (also for more than 292 years), `time:
/// missing unit in duration "5"`, `time: unknown unit "y" in duration "1y"`.
result<std::chrono::nanoseconds> parse_duration(std::string_view text);

} // namespace gantry
