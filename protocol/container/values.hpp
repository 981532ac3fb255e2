#pragma once

#include "protocol/error.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Inside of protocol/container: what several of its parts need of values.
namespace gantry::container::detail {

/// The error for a value that is wrong.
inline api_error invalid(std::string text) { return {errc::invalid_parameter, std::move(text)}; }

/// True for none, too.
template <class List>
bool is_empty(const std::optional<List>& list) noexcept {
  return !list || list->empty();
}

/// What is in the list; of none nothing.
template <class List>
const List& items(const std::optional<List>& list) {
  static const List none;
  return list ? *list : none;
}

/// The parts between the separators: one more than there are of those.
std::vector<std::string_view> split(std::string_view text, char separator);

/// NAME of an environment variable `NAME=VALUE` or `NAME`.
std::string_view variable_name(std::string_view variable) noexcept;

/// What Go reads as a boolean: `1 t T true TRUE True`, `0 f F false FALSE False`.
std::optional<bool> parse_bool(std::string_view text) noexcept;

} // namespace gantry::container::detail
