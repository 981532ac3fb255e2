#pragma once

#include "protocol/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::container {

/// Which driver and which of its devices.
struct device_number {
  std::int64_t major = 0;
  std::int64_t minor = 0;

  friend bool operator==(const device_number&, const device_number&) = default;
};

/// A device as it is to be made in a container.
struct device_node {
  std::string path; ///< in the container
  char type = 'c';  ///< `c`, `b`, or `p` for a fifo
  device_number number{};
  std::uint32_t mode = 0666; ///< permission bits
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string permissions = "rwm"; ///< what of it the control group allows; empty: nothing

  friend bool operator==(const device_node&, const device_node&) = default;
};

/// One line of the control group's list of devices; the last that matches counts.
struct device_rule {
  static constexpr std::int64_t any = -1;

  bool allow = true;
  char type = 'a'; ///< `c`, `b`, or `a` for both
  std::int64_t major = any;
  std::int64_t minor = any;
  std::string access = "rwm"; ///< of `rwm`: read, write, mknod

  friend bool operator==(const device_rule&, const device_rule&) = default;
};

/// Reads `c 1:3 rwm`, `b *:* m`. Errors: invalid_parameter
/// `invalid device cgroup rule format: 'x'`.
result<device_rule> parse_device_rule(std::string_view text);

/// What every container may use: zero, null, urandom, random, tty and console, beside what the
/// runtime itself allows (terminals, /dev/full). The fuse device is refused by name.
std::vector<device_rule> default_device_rules();

} // namespace gantry::container
