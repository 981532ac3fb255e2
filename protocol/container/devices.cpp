#include "protocol/container/devices.hpp"

#include <charconv>
#include <optional>

namespace gantry::container {
namespace {

// `*` or a number that a device can have.
std::optional<std::int64_t> parse_number(std::string_view text) {
  if (text == "*")
    return device_rule::any;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // from_chars takes a minus sign, a rule does not.
  if (error != std::errc{} || end != text.data() + text.size() || text.front() == '-')
    return std::nullopt;
  return value;
}

} // namespace

result<device_rule> parse_device_rule(std::string_view text) {
  const api_error malformed{errc::invalid_parameter,
                            "invalid device cgroup rule format: '" + std::string{text} + "'"};
  device_rule rule;
  if (text.size() < 2 || std::string_view{"abc"}.find(text[0]) == text.npos || text[1] != ' ')
    return malformed;
  rule.type = text[0];

  const auto rest = text.substr(2);
  const auto colon = rest.find(':');
  const auto space = rest.find(' ');
  if (colon == rest.npos || space == rest.npos || space < colon)
    return malformed;
  const auto major = parse_number(rest.substr(0, colon));
  const auto minor = parse_number(rest.substr(colon + 1, space - colon - 1));
  const auto access = rest.substr(space + 1);
  if (!major || !minor || access.empty() || access.size() > 3 ||
      access.find_first_not_of("rwm") != access.npos)
    return malformed;
  rule.major = *major;
  rule.minor = *minor;
  rule.access = access;
  return rule;
}

std::vector<device_rule> default_device_rules() {
  return {
      {.allow = false},
      {.type = 'c', .major = 1, .minor = 5},                    // zero
      {.type = 'c', .major = 1, .minor = 3},                    // null
      {.type = 'c', .major = 1, .minor = 9},                    // urandom
      {.type = 'c', .major = 1, .minor = 8},                    // random
      {.type = 'c', .major = 5, .minor = 0},                    // tty
      {.type = 'c', .major = 5, .minor = 1},                    // console
      {.allow = false, .type = 'c', .major = 10, .minor = 229}, // fuse
  };
}

} // namespace gantry::container
