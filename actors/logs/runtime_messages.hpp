#pragma once

#include <string>
#include <string_view>

namespace gantry::logs {

/// What an OCI runtime that failed said with `--log-format json`, one JSON object per line: its
/// last error, or its last message if none is one; empty if there is nothing of the kind.
///
/// What programs look for is put in the words that they know, those of runc: that the program to
/// run is not there, or may not be run, which `docker run` and `docker exec` make their exit codes
/// of.
std::string last_runtime_error(std::string_view messages);

} // namespace gantry::logs
