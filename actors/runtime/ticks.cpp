#include "actors/runtime/ticks.hpp"

namespace gantry::runtime {

namespace {

using steady = std::chrono::steady_clock;

struct origin {
  steady::time_point time = steady::now();
  ticks count = now_ticks();
};

const origin start;

/// Nanoseconds per tick. Spins for a moment if asked right after the start of the program.
double rate() noexcept {
#if defined(__x86_64__)
  auto elapsed = steady::now() - start.time;
  while (elapsed < std::chrono::microseconds{200})
    elapsed = steady::now() - start.time;
  return static_cast<double>(elapsed.count()) / static_cast<double>(now_ticks() - start.count);
#else
  return 1.0;
#endif
}

} // namespace

std::chrono::nanoseconds to_duration(ticks difference) noexcept {
  return std::chrono::nanoseconds{
      static_cast<std::int64_t>(static_cast<double>(difference) * rate())};
}

ticks to_ticks(std::chrono::nanoseconds d) noexcept {
  return static_cast<ticks>(static_cast<double>(d.count()) / rate());
}

} // namespace gantry::runtime
