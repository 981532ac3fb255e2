#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace gantry::container {

/// What became of a file, in the numbers of the API.
enum class change_kind : std::uint8_t { modified = 0, added = 1, removed = 2 };

/// A file of a container that is not as its image has it.
struct change {
  std::string path; ///< absolute
  change_kind kind = change_kind::modified;

  friend bool operator==(const change&, const change&) = default;
};

/// `[{"Path":...,"Kind":...},...]`; null if there are none (Engine API ContainerChanges).
boost::json::value to_value(const std::vector<change>& changes);

} // namespace gantry::container
