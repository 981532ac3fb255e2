#pragma once

#include <string>
#include <string_view>

namespace gantry::logs {

/// What an OCI runtime that failed said with `--log-format json`, one JSON object per line: its
/// last error, or its last message if none is one; empty if there is nothing of the kind.
std::string last_runtime_error(std::string_view messages);

} // namespace gantry::logs
