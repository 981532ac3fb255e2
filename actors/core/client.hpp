#pragma once

#include "actors/core/messages.hpp"

namespace gantry::core {

/// Who has connected a socket: where it is and, over a unix socket, as whom.
client_info identify(int fd);

} // namespace gantry::core
