#pragma once

#include "protocol/error.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gantry::http {

/// A parsed Content-Type: `application/json; charset=utf-8`.
struct media_type {
  std::string type; ///< lower case, without parameters: `application/json`
  std::vector<std::pair<std::string, std::string>> params; ///< names in lower case, values decoded

  /// Value of the parameter of that name (lower case), or "".
  std::string_view param(std::string_view name) const noexcept;
};

/// Parses a Content-Type value (RFC 9110 §8.3.1). As in Go a type without a slash passes, and so
/// does a trailing `;`. Errors (invalid_parameter), with Go's texts: `mime: no media type`, `mime:
/// expected slash after first token`, `mime: expected token after slash`, `mime: unexpected content
/// after media subtype`, `mime: invalid media parameter`, `mime: duplicate parameter name`.
result<media_type> parse_media_type(std::string_view text);

} // namespace gantry::http
