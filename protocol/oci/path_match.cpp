#include "protocol/oci/path_match.hpp"

#include "protocol/text.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace gantry::oci {

namespace {

// Takes one character; a byte that is no UTF-8 is one of its own.
std::string_view take_character(std::string_view& text) noexcept {
  auto size = std::max<std::size_t>(utf8_sequence(text), 1);
  auto character = text.substr(0, size);
  text.remove_prefix(size);
  return character;
}

// UTF-8 keeps the order of code points, so ranges can be compared as bytes.
bool in_range(std::string_view low, std::string_view c, std::string_view high) noexcept {
  return low <= c && c <= high;
}

// One end of a range in `[...]`; nothing if the pattern is malformed.
std::optional<std::string_view> take_range_end(std::string_view& pattern) noexcept {
  if (pattern.empty() || pattern.front() == '-' || pattern.front() == ']')
    return std::nullopt;
  if (pattern.front() == '\\')
    pattern.remove_prefix(1);
  if (pattern.empty())
    return std::nullopt;
  auto c = take_character(pattern);
  if (pattern.empty()) // the class is not closed
    return std::nullopt;
  return c;
}

enum class outcome : std::uint8_t { match, mismatch, malformed };

// The rest of a class after `[`, up to and with `]`.
outcome match_class(std::string_view& pattern, std::string_view c) noexcept {
  bool negated = !pattern.empty() && pattern.front() == '^';
  if (negated)
    pattern.remove_prefix(1);
  bool found = false;
  for (bool first = true;; first = false) {
    if (!first && !pattern.empty() && pattern.front() == ']') {
      pattern.remove_prefix(1);
      return found != negated ? outcome::match : outcome::mismatch;
    }
    auto low = take_range_end(pattern);
    if (!low)
      return outcome::malformed;
    auto high = low;
    if (pattern.front() == '-') {
      pattern.remove_prefix(1);
      high = take_range_end(pattern);
      if (!high)
        return outcome::malformed;
    }
    found = found || in_range(*low, c, *high);
  }
}

// Matches one element of the pattern that is no `*` with the front of `name`.
outcome match_one(std::string_view& pattern, std::string_view& name) noexcept {
  std::string_view c;
  if (!name.empty())
    c = take_character(name);
  auto verdict = [](bool good) { return good ? outcome::match : outcome::mismatch; };
  auto element = take_character(pattern);
  if (element == "[") {
    auto found = match_class(pattern, c);
    return found == outcome::match && c.empty() ? outcome::mismatch : found;
  }
  if (element == "?")
    return verdict(!c.empty() && c != "/");
  if (element == "\\") {
    if (pattern.empty())
      return outcome::malformed;
    element = take_character(pattern);
  }
  return verdict(element == c);
}

// True if what is left of the pattern is well-formed.
bool is_well_formed(std::string_view pattern) noexcept {
  while (!pattern.empty()) {
    if (pattern.front() == '*') {
      pattern.remove_prefix(1);
      continue;
    }
    std::string_view none;
    if (match_one(pattern, none) == outcome::malformed)
      return false;
  }
  return true;
}

} // namespace

result<bool> path_match(std::string_view pattern, std::string_view name) {
  if (!is_well_formed(pattern))
    return api_error{errc::invalid_parameter, "syntax error in pattern"};
  // Where to go on after a mismatch: the last `*` takes one character more. It is enough to go back
  // to the last one, as it could take all that an earlier one would have.
  std::optional<std::string_view> star_pattern;
  std::string_view star_name;
  for (;;) {
    if (!pattern.empty() && pattern.front() == '*') {
      pattern.remove_prefix(1);
      star_pattern = pattern;
      star_name = name;
      continue;
    }
    if (pattern.empty() ? name.empty() : match_one(pattern, name) == outcome::match) {
      if (pattern.empty() && name.empty())
        return true;
      continue;
    }
    if (!star_pattern || star_name.empty() || star_name.front() == '/')
      return false;
    take_character(star_name);
    pattern = *star_pattern;
    name = star_name;
  }
}

} // namespace gantry::oci
