#include "protocol/oci/time.hpp"

#include "protocol/text.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <optional>

namespace gantry::oci {

namespace {

constexpr std::int64_t day_seconds = 86400;

// Takes exactly `count` digits off the front.
std::optional<int> take_digits(std::string_view& text, std::size_t count) noexcept {
  if (text.size() < count)
    return std::nullopt;
  int number = 0;
  for (char c : text.substr(0, count)) {
    if (!is_digit(c))
      return std::nullopt;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(count);
  return number;
}

bool take(std::string_view& text, char c) noexcept {
  if (text.empty() || text.front() != c)
    return false;
  text.remove_prefix(1);
  return true;
}

// Digits after the point as nanoseconds; those after the ninth count for nothing.
std::optional<std::int32_t> take_fraction(std::string_view& text) noexcept {
  std::int32_t nanoseconds = 0;
  int digits = 0;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
    if (++digits <= 9)
      nanoseconds = nanoseconds * 10 + (text.front() - '0');
  }
  if (digits == 0)
    return std::nullopt;
  for (; digits < 9; ++digits)
    nanoseconds *= 10;
  return nanoseconds;
}

// `Z` or `+02:00`, in minutes.
std::optional<int> take_zone(std::string_view& text) noexcept {
  if (take(text, 'Z'))
    return 0;
  int sign = 1;
  if (take(text, '-'))
    sign = -1;
  else if (!take(text, '+'))
    return std::nullopt;
  auto hours = take_digits(text, 2);
  if (!hours || *hours > 23 || !take(text, ':'))
    return std::nullopt;
  auto minutes = take_digits(text, 2);
  if (!minutes || *minutes > 59)
    return std::nullopt;
  return sign * (*hours * 60 + *minutes);
}

std::optional<instant> read(std::string_view text) noexcept {
  using namespace std::chrono;
  auto y = take_digits(text, 4);
  if (!y || !take(text, '-'))
    return std::nullopt;
  auto m = take_digits(text, 2);
  if (!m || !take(text, '-'))
    return std::nullopt;
  auto d = take_digits(text, 2);
  if (!d || !take(text, 'T'))
    return std::nullopt;
  auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take(text, ':'))
    return std::nullopt;
  auto minute = take_digits(text, 2);
  if (!minute || *minute > 59 || !take(text, ':'))
    return std::nullopt;
  auto second = take_digits(text, 2);
  if (!second || *second > 59)
    return std::nullopt;
  instant t;
  if (take(text, '.')) {
    auto fraction = take_fraction(text);
    if (!fraction)
      return std::nullopt;
    t.nanoseconds = *fraction;
  }
  auto zone = take_zone(text);
  year_month_day date{year{*y}, month{static_cast<unsigned>(*m)}, day{static_cast<unsigned>(*d)}};
  if (!zone || !text.empty() || !date.ok())
    return std::nullopt;
  t.offset_minutes = *zone;
  t.seconds = sys_days{date}.time_since_epoch().count() * day_seconds + *hour * 3600 +
              *minute * 60 + *second - *zone * 60;
  return t;
}

} // namespace

result<instant> parse_instant(std::string_view text) {
  if (auto t = read(text))
    return *t;
  return invalid("parsing time " + quoted(text) + ": not RFC 3339");
}

std::string to_string(const instant& t) {
  using namespace std::chrono;
  auto local = sys_seconds{seconds{t.seconds + t.offset_minutes * 60}};
  auto midnight = floor<days>(local);
  year_month_day date{midnight};
  hh_mm_ss clock{local - midnight};
  std::array<char, 64> text;
  auto size = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  std::string out{text.data(), static_cast<std::size_t>(size)};
  if (t.nanoseconds != 0) {
    size = std::snprintf(text.data(), text.size(), ".%09d", t.nanoseconds);
    out.append(text.data(), static_cast<std::size_t>(size));
    out.erase(out.find_last_not_of('0') + 1);
  }
  if (t.offset_minutes == 0)
    return out + 'Z';
  auto minutes = t.offset_minutes < 0 ? -t.offset_minutes : t.offset_minutes;
  size = std::snprintf(text.data(), text.size(), "%c%02d:%02d", t.offset_minutes < 0 ? '-' : '+',
                       minutes / 60, minutes % 60);
  return out.append(text.data(), static_cast<std::size_t>(size));
}

} // namespace gantry::oci
