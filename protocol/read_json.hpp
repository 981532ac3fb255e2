#pragma once

#include <boost/json/error.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <string_view>

namespace gantry {

/// How a JSON text is read.
struct json_reading {
  std::size_t max_depth = 32;
  bool any_bytes = false; ///< texts in it need not be UTF-8
  bool trailing = false;  ///< something may follow the value
};

/// What was read of a text: a value, or why there is none.
struct json_read {
  boost::json::value value;
  boost::json::error_code error; ///< none: `value` is what was read
  std::size_t used = 0;          ///< bytes; with an error, where it is
};

/// Reads the JSON value at the front of a text. Each of those who call it has words of its own for
/// what is wrong.
json_read read_json(std::string_view text, const json_reading& how);

} // namespace gantry
