#pragma once

#include "protocol/error.hpp"

#include <string_view>

namespace gantry::app {

/// Checks that `text` is one JSON object in which no key stands twice, at any depth.
/// Errors: `line 3, column 7: syntax error`, `line 2, column 9: the key "a" is given twice`; lines
/// and columns count from 1, columns in bytes.
result<void> check_json_object(std::string_view text);

} // namespace gantry::app
