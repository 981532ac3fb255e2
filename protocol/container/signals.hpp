#pragma once

#include "protocol/error.hpp"

#include <string_view>

namespace gantry::container {

/// The number of a signal: a number, or a name with or without `SIG`, in any case (`SIGRTMIN+3`,
/// too). Errors (invalid_parameter): `invalid signal: x`.
result<int> parse_signal(std::string_view text);

} // namespace gantry::container
