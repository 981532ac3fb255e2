#pragma once

#include "protocol/api/events.hpp"

#include <functional>
#include <map>
#include <string>

namespace gantry::app {

/// An event about the daemon itself, which has that id; the name of the machine is added to what is
/// told.
api::event daemon_event(std::string action, std::string id,
                        std::map<std::string, std::string, std::less<>> attributes);

} // namespace gantry::app
