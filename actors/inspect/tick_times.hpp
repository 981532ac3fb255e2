#pragma once

#include "actors/runtime/ticks.hpp"

#include <chrono>
#include <cstdint>

namespace gantry::inspect {

/// Turns points on the processor's counter into moments, by one look at it and at the clock, so
/// that the order of all of them stays what it was.
class tick_times {
public:
  std::chrono::system_clock::time_point time_of(runtime::ticks t) const noexcept {
    return time_ - length_of(now_ - t);
  }
  /// Of a difference; of one that is below 0 a negative one.
  std::chrono::nanoseconds length_of(runtime::ticks difference) const noexcept {
    return std::chrono::nanoseconds{static_cast<std::int64_t>(
        static_cast<double>(static_cast<std::int64_t>(difference)) * scale_)};
  }
  /// From then until now.
  std::chrono::nanoseconds age_of(runtime::ticks then) const noexcept {
    return then < now_ ? length_of(now_ - then) : std::chrono::nanoseconds{0};
  }

private:
  static double nanoseconds_per_tick() noexcept {
    constexpr auto many = runtime::ticks{1} << 40;
    return static_cast<double>(runtime::to_duration(many).count()) / static_cast<double>(many);
  }

  runtime::ticks now_ = runtime::now_ticks();
  std::chrono::system_clock::time_point time_ = std::chrono::system_clock::now();
  double scale_ = nanoseconds_per_tick();
};

} // namespace gantry::inspect
