#pragma once

#include "protocol/error.hpp"

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>

/// The lines `KEY=VALUE` of which settings, replies and exit files are made.
namespace gantry::monitor {

/// Appends a line; line breaks and backslashes in the value are escaped.
void append_field(std::string& out, std::string_view key, std::string_view value);

/// Appends a line with a number.
template <std::integral Number>
void append_field(std::string& out, std::string_view key, Number value) {
  if constexpr (std::same_as<Number, bool>)
    append_field(out, key, std::string_view{value ? "1" : "0"});
  else
    append_field(out, key, std::string_view{std::to_string(value)});
}

/// Takes the next line off `text`, empty ones skipped. False at the end, and for a last line
/// without its line break: it may not be whole. `value` is unescaped.
bool next_field(std::string_view& text, std::string_view& key, std::string& value);

/// Reads a decimal number, or a truth value as `0` or `1`. False if it is none or does not fit.
template <std::integral Number>
bool read_number(std::string_view text, Number& number) {
  if constexpr (std::same_as<Number, bool>) {
    number = text == "1";
    return number || text == "0";
  } else {
    const char* end = text.data() + text.size();
    auto [stop, error] = std::from_chars(text.data(), end, number);
    return error == std::errc{} && stop == end && !text.empty();
  }
}

} // namespace gantry::monitor
