#pragma once

#include <functional>

namespace gantry::host {

/// Looks up an environment variable; nullptr if it is not set. `::getenv` is one, a lambda over a
/// map another.
using environment = std::function<const char*(const char* name)>;

} // namespace gantry::host
