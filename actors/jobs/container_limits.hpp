#pragma once

#include "actors/core/limits.hpp"

#include <chrono>

/// How long the jobs about containers wait for a container, beyond what it is given itself.
namespace gantry::limits {

/// A start, apart from what its runtime may take.
inline constexpr caf::timespan container_start = span(70s);
/// A stop beyond the time that the process has: the runtime, two kills, and the unmounting.
inline constexpr caf::timespan container_stop = span(25s);
/// A removal that kills first.
inline constexpr caf::timespan container_forced_removal = span(30s);
/// Everything else.
inline constexpr caf::timespan container_answer = span(15s);
/// The longest time that a process may be given to stop; more is as good as no limit.
inline constexpr std::chrono::seconds longest_stop = std::chrono::hours{24 * 365};

/// `ps` and the runtime, asked for a container's processes.
inline constexpr std::chrono::milliseconds process_listing = 10s;
/// Between what `stats` shows, and between the two looks that the first of it takes.
inline constexpr caf::timespan stats_interval = span(1s);
inline constexpr caf::timespan stats_first_look = span(100ms);
/// Containers that one prune removes at a time.
inline constexpr std::size_t prune_width = 16;

} // namespace gantry::limits
