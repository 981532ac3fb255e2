#include "protocol/container/values.hpp"

namespace gantry::container::detail {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == text.npos)
      return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view variable_name(std::string_view variable) noexcept {
  return variable.substr(0, variable.find('='));
}

std::optional<bool> parse_bool(std::string_view text) noexcept {
  for (const std::string_view word : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == word)
      return true;
  }
  for (const std::string_view word : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == word)
      return false;
  }
  return std::nullopt;
}

} // namespace gantry::container::detail
