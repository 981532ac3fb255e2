#pragma once

#include "protocol/error.hpp"

#include <string>

namespace gantry::volumes {

/// 64 random hexadecimal digits, of which the first twelve could not be a number: the id of a
/// container, the name of a volume that nobody named. Errors: system.
result<std::string> fresh_id();

} // namespace gantry::volumes
