#pragma once

#include "protocol/api/version.hpp"

#include <string>
#include <string_view>

/// What clients of the 1.2.0 era see of containers, made of what those of today see.
namespace gantry::api {

/// The rows of clause Y1, made of `GET /containers/json`; a newline after each row (clause B1).
std::string legacy_container_list(std::string_view rows);

/// The members of clause Y5, made of `GET /containers/{name}/json`. Below 1.12 the id is `ID`,
/// RestartCount is there too, and members stand in today's order.
std::string legacy_container(std::string_view shown, api_version v);

} // namespace gantry::api
