#pragma once

#include "protocol/inspect/model.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

/// Requests and what was done for them. Pure.
namespace gantry::inspect {

/// Spans that are kept of a thread; of one with fewer none was lost yet.
inline constexpr std::size_t spans_of_thread = 2047;
/// The same for tasks of worker pools, whose spans have the thread `worker`.
inline constexpr std::size_t spans_of_workers = 256;

/// What is known of a request, whose spans are among `spans` (by time). Of one that is not among
/// `requests` any more, or was the daemon's own, there are only spans. Nothing if there are none
/// either.
std::optional<request_trace> trace_of(std::uint64_t id, const std::vector<request_view>& requests,
                                      const std::vector<span_view>& spans);

/// At most `limit` of them, 0 for all: those at work before the others, and of those that are over
/// the last ones.
std::vector<request_view> limited(std::vector<request_view> requests, std::size_t limit);

} // namespace gantry::inspect
