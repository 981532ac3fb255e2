#pragma once

#include "protocol/error.hpp"

#include <string>
#include <vector>

namespace gantry::containers {

/// The names in an open directory, in no order, read from its beginning; without `.` and `..`.
/// Errors: of the file system.
result<std::vector<std::string>> names_in_directory(int directory);

} // namespace gantry::containers
