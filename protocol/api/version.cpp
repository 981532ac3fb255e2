#include "protocol/api/version.hpp"

#include <charconv>
#include <limits>
#include <system_error>

namespace gantry::api {

namespace {

std::uint32_t component(std::string_view text) noexcept {
  std::uint32_t number = 0;
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc::result_out_of_range)
    return std::numeric_limits<std::uint32_t>::max();
  return error == std::errc{} && stop == end ? number : 0;
}

} // namespace

api_version parse_version(std::string_view text) noexcept {
  api_version v;
  for (int index = 0; !text.empty(); ++index) {
    auto dot = text.find('.');
    auto number = component(text.substr(0, dot));
    if (index == 0)
      v.major = number;
    else if (index == 1)
      v.minor = number;
    else if (v.rest == 0)
      v.rest = number;
    text.remove_prefix(dot == std::string_view::npos ? text.size() : dot + 1);
  }
  return v;
}

std::string to_string(api_version v) {
  std::string text = std::to_string(v.major);
  text += '.';
  text += std::to_string(v.minor);
  if (v.rest != 0) {
    text += '.';
    text += std::to_string(v.rest);
  }
  return text;
}

} // namespace gantry::api
