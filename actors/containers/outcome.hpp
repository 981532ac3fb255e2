#pragma once

#include "actors/core/outcome.hpp"

namespace gantry::containers {

using core::outcome;

} // namespace gantry::containers
