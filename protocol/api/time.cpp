#include "protocol/api/time.hpp"

#include "protocol/duration.hpp"
#include "protocol/text.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <utility>

namespace gantry::api {

namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::int64_t billion = 1'000'000'000;
constexpr auto most = std::numeric_limits<std::int64_t>::max();

// Takes digits off the front; the first 9 as nanoseconds, others count for nothing.
std::int64_t take_fraction(std::string_view& text) noexcept {
  std::int64_t fraction = 0;
  int digits = 0;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
    if (digits == 9)
      continue;
    fraction = fraction * 10 + (text.front() - '0');
    ++digits;
  }
  for (; digits < 9; ++digits)
    fraction *= 10;
  return fraction;
}

// `SECONDS[.FRACTION]`, and nothing else.
std::optional<timestamp> unix_time(std::string_view text) noexcept {
  std::int64_t whole = 0;
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (error == std::errc::invalid_argument)
    return std::nullopt;
  bool negative = text.front() == '-';
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  std::int64_t fraction = 0;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    fraction = take_fraction(text);
  }
  if (!text.empty())
    return std::nullopt;
  if (error == std::errc::result_out_of_range)
    return negative ? timestamp::min() : timestamp::max();
  return from_unix_time(whole, fraction);
}

// Takes exactly `count` digits off the front.
bool take_number(std::string_view& text, std::size_t count, int& number) noexcept {
  if (text.size() < count)
    return false;
  number = 0;
  for (char c : text.substr(0, count)) {
    if (!is_digit(c))
      return false;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool take(std::string_view& text, char c) noexcept {
  if (text.empty() || text.front() != c)
    return false;
  text.remove_prefix(1);
  return true;
}

// `Z`, `+01:00`, or nothing.
bool take_zone(std::string_view text, seconds& offset) noexcept {
  if (text.empty() || text == "Z")
    return true;
  bool west = text.front() == '-';
  if (!west && text.front() != '+')
    return false;
  text.remove_prefix(1);
  int hours = 0;
  int minutes = 0;
  if (!take_number(text, 2, hours) || !take(text, ':') || !take_number(text, 2, minutes) ||
      !text.empty() || hours > 23 || minutes > 59)
    return false;
  offset = std::chrono::hours{hours} + std::chrono::minutes{minutes};
  if (west)
    offset = -offset;
  return true;
}

// RFC 3339, and the same cut off after the date, the hour or the minute.
std::optional<timestamp> calendar_time(std::string_view text) noexcept {
  int year = 0;
  int month = 0;
  int day = 0;
  if (!take_number(text, 4, year) || !take(text, '-') || !take_number(text, 2, month) ||
      !take(text, '-') || !take_number(text, 2, day))
    return std::nullopt;
  std::chrono::year_month_day date{std::chrono::year{year},
                                   std::chrono::month{static_cast<unsigned>(month)},
                                   std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok())
    return std::nullopt;
  std::array<int, 3> clock{}; // hour, minute, second
  std::int64_t fraction = 0;
  if (take(text, 'T')) {
    std::size_t part = 0;
    do {
      if (part == clock.size() || !take_number(text, 2, clock.at(part)))
        return std::nullopt;
      ++part;
    } while (take(text, ':'));
    if (part == clock.size() && text.size() > 1 && text[0] == '.' && is_digit(text[1])) {
      text.remove_prefix(1);
      fraction = take_fraction(text);
    }
    if (clock[0] > 23 || clock[1] > 59 || clock[2] > 59)
      return std::nullopt;
  }
  seconds offset{0};
  if (!take_zone(text, offset))
    return std::nullopt;
  auto whole = std::chrono::sys_days{date}.time_since_epoch() + std::chrono::hours{clock[0]} +
               std::chrono::minutes{clock[1]} + seconds{clock[2]} - offset;
  return from_unix_time(seconds{whole}.count(), fraction);
}

} // namespace

timestamp from_unix_time(std::int64_t whole, std::int64_t fraction) noexcept {
  constexpr auto last = most / billion;
  if (whole >= last)
    return timestamp::max();
  if (whole <= -last)
    return timestamp::min();
  return timestamp{nanoseconds{whole * billion + fraction}};
}

std::string to_unix_time(timestamp t) {
  auto whole = std::chrono::floor<seconds>(t);
  std::array<char, 48> text;
  auto length = std::snprintf(text.data(), text.size(), "%lld.%09lld",
                              static_cast<long long>(whole.time_since_epoch().count()),
                              static_cast<long long>((t - whole).count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

result<timestamp> parse_time(std::string_view text, timestamp now) {
  if (auto time = unix_time(text))
    return *time;
  if (auto ago = parse_duration(text)) {
    auto present = now.time_since_epoch().count();
    std::int64_t then = 0;
    if (__builtin_sub_overflow(present, ago->count(), &then))
      return ago->count() < 0 ? timestamp::max() : timestamp::min();
    return timestamp{nanoseconds{then}};
  }
  if (auto time = calendar_time(text))
    return *time;
  return invalid("strconv.ParseInt: parsing " + quoted(text) + ": invalid syntax");
}

} // namespace gantry::api
