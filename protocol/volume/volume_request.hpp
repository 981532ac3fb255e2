#pragma once

#include "protocol/container/config.hpp"
#include "protocol/error.hpp"

#include <string>
#include <string_view>

namespace gantry::volume {

/// A volume that somebody asks for.
struct volume_request {
  std::string name;   ///< empty: it gets one that nobody has, and is anonymous
  std::string driver; ///< empty: the local one
  container::nullable_map options;
  container::nullable_map labels;
};

/// Reads the body of `POST /volumes/create`; an empty one asks for nothing in particular. Errors
/// (invalid_parameter): `invalid JSON: ...`, `unexpected content after JSON`.
result<volume_request> parse_volume_request(std::string_view body);

} // namespace gantry::volume
