#include "actors/store/whiteout.hpp"

#include <algorithm>
#include <vector>

namespace gantry::store {

namespace {

constexpr std::string_view prefix = ".wh.";
constexpr std::string_view meta_prefix = ".wh..wh.";
constexpr std::string_view opaque_name = ".wh..wh..opq";

api_error refused(std::string_view path, std::string_view why) {
  return {errc::invalid_parameter, '"' + std::string{path} + "\" " + std::string{why}};
}

} // namespace

result<entry_place> place_of(std::string_view path, whiteout_form whiteouts) {
  if (path.empty())
    return refused(path, "is not the name of a file");
  const bool absolute = path.front() == '/';
  std::vector<std::string_view> parts;
  for (auto rest = path; !rest.empty();) {
    const auto end = std::min(rest.find('/'), rest.size());
    const auto part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (part.empty() || part == ".")
      continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    } else if (!absolute) {
      return refused(path, "is outside of the layer");
    }
  }

  entry_place place;
  if (parts.empty())
    return place;
  auto name = parts.back();
  parts.pop_back();
  if (whiteouts != whiteout_form::literal) {
    for (const auto part : parts) {
      if (part.starts_with(prefix))
        place.whiteout = whiteout_kind::ignore;
    }
    if (place.whiteout == whiteout_kind::none && name.starts_with(prefix)) {
      if (name == opaque_name) {
        place.whiteout = whiteout_kind::opaque;
      } else if (name.starts_with(meta_prefix)) {
        place.whiteout = whiteout_kind::ignore;
      } else {
        name.remove_prefix(prefix.size());
        if (name.empty() || name == "." || name == "..")
          return refused(path, "is not a valid whiteout name");
        place.whiteout = whiteout_kind::remove;
      }
    }
  }
  for (const auto part : parts) {
    if (!place.directory.empty())
      place.directory += '/';
    place.directory += part;
  }
  place.name = name;
  return place;
}

} // namespace gantry::store
