#pragma once

#include "protocol/inspect/model.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace gantry::inspect {

/// Figures of durations that were counted in powers of two of a tick: `counts[i]` is the number of
/// durations d with 2^(i-1) <= d < 2^i ticks, `counts[0]` that of zero ticks; the last one may hold
/// longer ones too.
///
/// `p50`, `p99` and `max` are upper bounds of the buckets they are in: at most twice too long,
/// never too short (but for what is beyond the last bucket). The mean is exact if `total`, the sum
/// of all durations, is known; else it takes each for the middle of its bucket. Buckets whose
/// bounds are the same in whole nanoseconds are told as one.
latency latency_of(std::span<const std::uint64_t> counts, double nanoseconds_per_tick,
                   std::optional<nanoseconds> total = std::nullopt);

} // namespace gantry::inspect
