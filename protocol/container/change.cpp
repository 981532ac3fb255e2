#include "protocol/container/change.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace gantry::container {

boost::json::value to_value(const std::vector<change>& changes) {
  if (changes.empty())
    return nullptr;
  boost::json::array out;
  out.reserve(changes.size());
  for (const auto& one : changes)
    out.push_back(
        boost::json::object{{"Path", one.path}, {"Kind", static_cast<std::int64_t>(one.kind)}});
  return out;
}

} // namespace gantry::container
