#pragma once

#include "protocol/error.hpp"

#include <string>

namespace gantry::core {

/// 64 random hexadecimal digits, of which the first twelve could not be a number: the id of a
/// container or an exec, the name of a volume that nobody named. Any thread. Errors: of
/// getentropy(3).
result<std::string> fresh_id();

} // namespace gantry::core
