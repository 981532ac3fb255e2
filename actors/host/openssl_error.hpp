#pragma once

#include <string>

namespace gantry::host {

/// What OpenSSL says of the last thing that failed on this thread: `certificate has expired`.
std::string openssl_reason();

} // namespace gantry::host
