#pragma once

#include "app/settings.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::app {

/// What a configuration file says.
struct config_file {
  settings values;                          ///< defaults, overwritten by the keys present
  std::set<std::string, std::less<>> given; ///< the keys present
  std::vector<std::string> warnings;        ///< keys that dockerd knows and that do nothing here
};

/// Reads the text of a `daemon.json`. Empty text is an empty object. Refused, by name and place:
/// syntax errors (line and column, from 1), keys given twice at any depth, keys that match no
/// option, values of a wrong type or out of range.
result<config_file> parse_config(std::string_view text);

/// The longest file that is read, in bytes.
inline constexpr std::size_t max_config_size = 1 << 20;

/// The bytes of the file at `path`. Errors: not_found (it does not exist), system.
result<std::string> read_config(const std::string& path);

} // namespace gantry::app
