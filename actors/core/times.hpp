#pragma once

#include "protocol/oci/time.hpp"

#include <chrono>
#include <cstdint>

namespace gantry::core {

/// A time that is kept as nanoseconds since 1970.
inline oci::instant instant_of(std::int64_t nanoseconds) noexcept {
  constexpr std::int64_t second = 1'000'000'000;
  return {nanoseconds / second, static_cast<std::int32_t>(nanoseconds % second), 0};
}

/// Nanoseconds since 1970 by the machine's clock.
inline std::int64_t nanoseconds_now() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// The present moment.
inline oci::instant instant_now() noexcept { return instant_of(nanoseconds_now()); }

} // namespace gantry::core
