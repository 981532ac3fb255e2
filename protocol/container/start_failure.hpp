#pragma once

#include "protocol/error.hpp"

#include <cstdint>
#include <string_view>

namespace gantry::container {

/// What a failed start means for clients and for the container.
struct start_failure_meaning {
  api_error error;
  std::int64_t exit_code = 128;
};

/// Takes what a runtime, or who prepared for it, says. By its words (section 8.1): `permission
/// denied` and `is a directory` are 126, `not a directory` and what is not found is 127, both
/// invalid_parameter; everything else is 128 and system, or what it is already. Errors that are the
/// caller's own (invalid_parameter, not_found, conflict, unavailable) keep their kind.
start_failure_meaning start_failure(const api_error& why);

/// What a runtime says when it cannot `create`, `start` or `exec`, as dockerd passes it on: `OCI
/// runtime create failed: WORDS: unknown`. Only what is of kind system is a runtime's word.
/// `program` is what was to run: not every runtime names it.
api_error runtime_failure(std::string_view operation, api_error why, std::string_view program);

} // namespace gantry::container
