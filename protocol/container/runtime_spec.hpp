#pragma once

#include "protocol/container/config.hpp"
#include "protocol/container/spec_facts.hpp"
#include "protocol/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace gantry::container {

/// All that the spec of a container is made of. What is referred to has to outlive the call only.
struct spec_input {
  const container_config& config; ///< merged with the image's
  const host_config& host;
  const daemon_facts& daemon;
  const spec_facts& facts;
};

/// The text of config.json (OCI runtime spec 1.0.2) with which runc or crun make the container that
/// dockerd would. Errors are system, as Docker's are at this point of a start (section 8.1), in its
/// words: what is malformed or is asked for and cannot be had (capabilities, limits, security
/// options, seccomp profiles, device rules, tmpfs options, propagation of mounts, block devices).
result<std::string> build_runtime_spec(const spec_input& input);

/// What a container must not see, in Docker's order; `thermal_throttle`: see `daemon_facts`.
/// HostConfig.MaskedPaths takes their place, privileged containers have none.
std::vector<std::string> default_masked_paths(const std::vector<std::string>& thermal_throttle);

/// What a container can only read. HostConfig.ReadonlyPaths takes their place.
const std::vector<std::string>& default_readonly_paths();

/// `spec_facts::cgroups_path`: `PARENT/ID`, `/docker/ID` without a parent; for systemd
/// `system.slice:docker:ID` or `PARENT:docker:ID`. `parent`: HostConfig.CgroupParent or the
/// daemon's.
std::string container_cgroups_path(std::string_view parent, std::string_view id, bool systemd);

} // namespace gantry::container
