#pragma once

#include "protocol/api/events.hpp"

#include <string>

namespace gantry::container {
struct container_view;
}

namespace gantry::containers {

/// Something that happened to a container, with the attributes that all its events have: its
/// labels, `image` and `name` (section 14).
api::event event_of(const container::container_view& view, std::string action);

} // namespace gantry::containers
