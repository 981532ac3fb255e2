#pragma once

#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace gantry::runtime {

/// A point on a cheap monotonic counter (the time-stamp counter on x86-64). Only differences mean
/// anything; `to_duration` turns them into time.
using ticks = std::uint64_t;

/// Reads the counter: a few nanoseconds, no system call.
inline ticks now_ticks() noexcept {
#if defined(__x86_64__)
  return __rdtsc();
#else
  return static_cast<ticks>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

/// Length of a difference of ticks. The rate is measured against the steady clock since the program
/// started, so it gets better with time; exact to about 1 % after the first 10 ms.
std::chrono::nanoseconds to_duration(ticks difference) noexcept;

/// The inverse, for limits that are compared often.
ticks to_ticks(std::chrono::nanoseconds d) noexcept;

} // namespace gantry::runtime
