#pragma once

#include "protocol/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::container {

/// A set of capabilities as the kernel keeps it: bit N is capability N (capabilities(7)), the form
/// of `CapBnd` in /proc/PID/status.
class capability_set {
public:
  constexpr capability_set() = default;
  constexpr explicit capability_set(std::uint64_t bits) noexcept : bits_{bits} {}

  constexpr std::uint64_t bits() const noexcept { return bits_; }
  constexpr bool has(unsigned number) const noexcept { return (bits_ >> number & 1) != 0; }
  constexpr void add(unsigned number) noexcept { bits_ |= std::uint64_t{1} << number; }
  constexpr void remove(unsigned number) noexcept { bits_ &= ~(std::uint64_t{1} << number); }
  /// False for a name that is none. `name` in full: `CAP_SYS_ADMIN`.
  bool has(std::string_view name) const noexcept;

  /// Names in the order of their numbers: `CAP_CHOWN`, `CAP_DAC_OVERRIDE`, ... Bits without a name
  /// are left out.
  std::vector<std::string> names() const;

  friend constexpr bool operator==(capability_set, capability_set) = default;
  friend constexpr capability_set operator&(capability_set a, capability_set b) noexcept {
    return capability_set{a.bits_ & b.bits_};
  }
  friend constexpr capability_set operator|(capability_set a, capability_set b) noexcept {
    return capability_set{a.bits_ | b.bits_};
  }
  /// What is in `a` and not in `b`.
  friend constexpr capability_set operator-(capability_set a, capability_set b) noexcept {
    return capability_set{a.bits_ & ~b.bits_};
  }

private:
  std::uint64_t bits_ = 0;
};

/// How many capabilities have a name here (Linux 5.9: CAP_CHECKPOINT_RESTORE is the last).
inline constexpr unsigned capability_count = 41;

/// All that have a name.
inline constexpr capability_set all_capabilities{(std::uint64_t{1} << capability_count) - 1};

/// What a container has that was not asked for anything else: the 14 of Docker.
extern const capability_set default_capabilities;

/// What the user asked for: HostConfig.CapAdd, CapDrop and Privileged.
struct capability_request {
  std::vector<std::string> add;  ///< `NET_ADMIN`, `cap_net_admin` or `ALL`
  std::vector<std::string> drop; ///< likewise
  bool privileged = false;       ///< all, whatever `add` and `drop` say
};

/// The capabilities of a container's process, of those that the daemon itself holds (`held`):
/// `ALL`, privileged and the default ones mean those of them that are held. Errors
/// (invalid_parameter), in Docker's words: `invalid CapAdd: unknown capability: "CAP_X"` (`CapDrop`
/// likewise) and `invalid CapAdd: capability not supported by your kernel or not available in the
/// current environment: "CAP_X"` for one that was asked for by name and is not held.
result<capability_set> container_capabilities(const capability_request& request,
                                              capability_set held);

} // namespace gantry::container
