#pragma once

#include "protocol/api/version.hpp"
#include "protocol/container/config.hpp"
#include "protocol/error.hpp"

#include <string_view>

namespace gantry::container {

/// The body of `POST /containers/{id}/update`: what is 0, empty or null stays as it is. A PidsLimit
/// of 0 means no limit.
struct update_request {
  container_resources resources;
  container::restart_policy restart_policy;

  friend bool operator==(const update_request&, const update_request&) = default;
};

/// Reads it as version `v` means it: PidsLimit counts from 1.40 on, limits for single block devices
/// do not count. Errors (invalid_parameter): as `parse_create_request`; those of
/// `check_cpu_shares`.
result<update_request> parse_update_request(std::string_view body, api::api_version v);

/// Changes `config`, or leaves it as it is and says why. The request has passed `check_resources`
/// and `check_restart_policy`. Errors (conflict): `Memory limit should be smaller than already set
/// memoryswap limit, update the memoryswap at the same time`, `Conflicting options: ...`, `Restart
/// policy cannot be updated because AutoRemove is enabled for the container`; clients see them
/// after `Cannot update container ID: `.
result<void> apply_update(host_config& config, const update_request& request);

} // namespace gantry::container
