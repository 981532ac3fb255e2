#pragma once

#include "protocol/error.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>

// Inside of protocol/container.
namespace gantry::container::detail {

/// Reads the one JSON value of a request's body. Errors (invalid_parameter): `invalid JSON: got EOF
/// while reading request body`, `invalid JSON: REASON`, `unexpected content after JSON`.
result<boost::json::value> parse_body(std::string_view body);

/// What is wrong with the values in it: `invalid JSON: REASON`.
api_error invalid_json(std::string_view reason);

} // namespace gantry::container::detail
