#pragma once

#include "protocol/error.hpp"

#include <string>

namespace gantry::containers {

/// An id that nobody has: 64 random digits, of which the first twelve could not be a number
/// (section 4). Errors: of getentropy(3).
result<std::string> fresh_id();

} // namespace gantry::containers
