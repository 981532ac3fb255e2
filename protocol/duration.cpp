#include "protocol/duration.hpp"

#include "protocol/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace gantry {

namespace {

bool is_number_byte(char c) noexcept { return is_digit(c) || c == '.'; }

// Takes the bytes off the front for which `belongs` holds.
template <class Belongs>
std::string_view take_run(std::string_view& text, Belongs belongs) {
  const auto end = std::find_if_not(text.begin(), text.end(), belongs);
  const std::string_view run{text.begin(), end};
  text.remove_prefix(run.size());
  return run;
}

// Nanoseconds of a unit; 0 if there is none of that name.
std::int64_t unit_size(std::string_view name) noexcept {
  constexpr std::int64_t second = 1'000'000'000;
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 8> units{{
      {"ns", 1},
      {"us", 1'000},
      {"\xc2\xb5s", 1'000}, // both signs for micro
      {"\xce\xbcs", 1'000},
      {"ms", 1'000'000},
      {"s", second},
      {"m", 60 * second},
      {"h", 3600 * second},
  }};
  for (const auto& [known, size] : units)
    if (known == name)
      return size;
  return 0;
}

// `whole.fraction` units in nanoseconds; nothing if that is too long.
std::optional<std::int64_t> nanoseconds_of(std::string_view whole, std::string_view fraction,
                                           std::int64_t unit) noexcept {
  std::int64_t sum = 0;
  for (const char c : whole)
    if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, c - '0', &sum))
      return std::nullopt;
  if (__builtin_mul_overflow(sum, unit, &sum))
    return std::nullopt;
  std::int64_t part = 0; // from the last digit on, so that nothing but the rest below 1 is lost
  for (std::size_t i = std::min<std::size_t>(fraction.size(), 18); i-- > 0;)
    part = (fraction[i] - '0') * unit + part / 10;
  if (__builtin_add_overflow(sum, part / 10, &sum))
    return std::nullopt;
  return sum;
}

} // namespace

result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const auto given = quoted(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+'))
    text.remove_prefix(1);
  if (text == "0")
    return std::chrono::nanoseconds{0};
  if (text.empty())
    return invalid("time: invalid duration " + given);
  std::int64_t sum = 0;
  while (!text.empty()) {
    const auto number = take_run(text, is_number_byte);
    const auto name = take_run(text, [](char c) { return !is_number_byte(c); });
    const auto point = std::min(number.find('.'), number.size());
    const auto fraction = number.substr(std::min(point + 1, number.size()));
    if (number.empty() || number == "." || fraction.find('.') != std::string_view::npos)
      return invalid("time: invalid duration " + given);
    if (name.empty())
      return invalid("time: missing unit in duration " + given);
    const auto unit = unit_size(name);
    if (unit == 0)
      return invalid("time: unknown unit " + quoted(name) + " in duration " + given);
    const auto amount = nanoseconds_of(number.substr(0, point), fraction, unit);
    if (!amount || __builtin_add_overflow(sum, *amount, &sum))
      return invalid("time: invalid duration " + given);
  }
  return std::chrono::nanoseconds{negative ? -sum : sum};
}

std::string go_duration(std::chrono::nanoseconds d) {
  constexpr std::uint64_t second = 1'000'000'000;
  const auto amount = static_cast<std::uint64_t>(d.count());
  const auto size = d.count() < 0 ? 0 - amount : amount;
  std::string text = d.count() < 0 ? "-" : "";
  // `value` units with the point after the unit's whole ones.
  const auto add = [&text](std::uint64_t value, std::uint64_t unit, std::string_view name) {
    text += std::to_string(value / unit);
    if (auto rest = value % unit; rest != 0) {
      auto digits = std::to_string(unit + rest); // `1` and the fraction's digits
      digits.erase(digits.find_last_not_of('0') + 1);
      text += digits.replace(0, 1, ".");
    }
    text += name;
  };
  if (size == 0)
    return "0s";
  if (size < 1'000)
    add(size, 1, "ns");
  else if (size < 1'000'000)
    add(size, 1'000, "\xc2\xb5s");
  else if (size < second)
    add(size, 1'000'000, "ms");
  else {
    const auto minutes = size / (60 * second);
    if (minutes >= 60)
      text += std::to_string(minutes / 60) + "h";
    if (minutes > 0)
      text += std::to_string(minutes % 60) + "m";
    add(size % (60 * second), second, "s");
  }
  return text;
}

} // namespace gantry
