#pragma once

#include "actors/core/times.hpp"

namespace gantry::containers {

using core::instant_now;
using core::instant_of;
using core::nanoseconds_now;

} // namespace gantry::containers
