#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace gantry::api {

/// A version of the Engine API. Compares number by number, so 1.9 < 1.24 (clause W1).
struct api_version {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::uint32_t rest = 0; ///< first later component that is not zero: 1.14.0 equals 1.14

  friend constexpr auto operator<=>(const api_version&, const api_version&) = default;
};

/// The newest version this daemon speaks, and the one of requests without a version prefix.
inline constexpr api_version newest_version{1, 50};
/// The oldest version of today's era, unless the configuration raises it.
inline constexpr api_version oldest_version{1, 24};
/// The newest version of the 1.2.0 era; that era has no oldest one (clause K-2).
inline constexpr api_version newest_legacy_version{1, 14};

/// Which bodies, errors and headers a request gets.
enum class era : std::uint8_t {
  legacy, ///< as the server of Docker 1.2.0 answered: API 1.14 and older
  today,  ///< as today's dockerd answers: API 1.24 to 1.50
};

/// Reads the digits and dots of a version prefix. Never fails: a component that is missing or not a
/// number counts as 0 and one that is too large as the largest number (clause W1).
api_version parse_version(std::string_view text) noexcept;

/// `1.24`.
std::string to_string(api_version v);

} // namespace gantry::api
