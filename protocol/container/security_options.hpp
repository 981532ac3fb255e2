#pragma once

#include "protocol/container/config.hpp"
#include "protocol/error.hpp"

#include <optional>
#include <string>
#include <vector>

namespace gantry::container {

/// HostConfig.SecurityOpt taken apart. None: the daemon's default.
struct security_options {
  std::optional<bool> no_new_privileges;
  /// `unconfined`, `builtin`, or the JSON of a profile.
  std::optional<std::string> seccomp;
  std::optional<std::string> apparmor; ///< a profile's name or `unconfined`
  std::optional<bool> writable_cgroups;
  /// SELinux: `disable`, `type:T`, ... Without effect, as with dockerd where SELinux is off.
  std::vector<std::string> labels;
};

/// Reads them: `KEY=VALUE`, the old `KEY:VALUE`, and `no-new-privileges` alone. The last of a key
/// wins. Errors (invalid_parameter): `invalid --security-opt 1: "x"` for what has no value,
/// `invalid --security-opt 2: "x=y"` for an unknown key or a value that is no truth value.
result<security_options> parse_security_options(const string_list& options);

} // namespace gantry::container
