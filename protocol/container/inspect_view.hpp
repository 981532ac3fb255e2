#pragma once

#include "protocol/api/version.hpp"
#include "protocol/container/container_view.hpp"
#include "protocol/error.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace gantry::container {

/// The body of `GET /containers/{id}/json` as version `v` shows it, without a final newline: all
/// members of today in Docker's order. `sizes`: only if they were asked for. Source: Engine
/// API 1.50 ContainerInspect, section 12.2.
std::string write_inspect(const container_view& view, api::api_version v,
                          const std::optional<container_sizes>& sizes = {});

/// The JSON of `State`, which is also how the registry keeps it.
std::string write_state(const state_view& state);

/// Reads it back; members that are missing say nothing. Errors (invalid_parameter): what is wrong
/// with the JSON, `invalid container status: x`.
result<state_view> parse_state(std::string_view json);

} // namespace gantry::container
