#pragma once

#include "protocol/error.hpp"

#include <caf/error.hpp>
#include <caf/message.hpp>

CAF_ERROR_CODE_ENUM(gantry::errc, "gantry")

namespace gantry {

/// An `api_error` as CAF carries it between actors: the kind is the code, the text the context.
caf::error to_caf(const api_error& e);

/// The inverse. Errors of CAF's own become `unavailable` (time-out, receiver down) or `system`.
api_error from_caf(const caf::error& e);

} // namespace gantry
