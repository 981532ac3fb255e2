#pragma once

#include "protocol/error.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace gantry::api {

/// The two ways in which replies are written.
enum class json_form : std::uint8_t {
  today,  ///< members in their own order, `<>&` as they are
  legacy, ///< members sorted, `<>&` escaped (clause V3)
};

/// Appends the compact JSON text of `v`. Numbers are written shortest (`1.5`, never `1.5E0`);
/// U+2028 and U+2029 are escaped as clients that evaluate JSON as JavaScript need it.
void append_json(std::string& out, const boost::json::value& v, json_form form = json_form::today);

/// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text, json_form form = json_form::today);

/// Reads one JSON value and nothing after it. Errors: invalid_parameter with the reason alone
/// (`unexpected EOF`, `invalid character 'x' looking for beginning of value`).
result<boost::json::value> parse_json(std::string_view text);

/// `{"message":"TEXT"}` and a newline: the body of every error of today's era.
std::string error_body(std::string_view text);

} // namespace gantry::api
