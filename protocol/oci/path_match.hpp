#pragma once

#include "protocol/error.hpp"

#include <string_view>

namespace gantry::oci {

/// Matches all of `name` with a glob: `*` and `?` stop at `/`, `[a-z]`, `[^a]`, `\` quotes the next
/// character. Errors: invalid_parameter `syntax error in pattern`, also where an earlier part of
/// the pattern already failed to match. Source: Go's path.Match.
result<bool> path_match(std::string_view pattern, std::string_view name);

} // namespace gantry::oci
