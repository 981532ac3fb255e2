#include "app/ctl/text.hpp"

#include "protocol/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gantry::ctl {

namespace {

/// `value` parts of `unit` each as `1.2` below ten, else as a whole number, rounded down.
std::string scaled(std::uint64_t value, std::uint64_t unit, std::string_view name) {
  const auto whole = value / unit;
  auto out = std::to_string(whole);
  if (const auto tenth = value % unit * 10 / unit; whole < 10 && tenth > 0)
    out += '.' + std::to_string(tenth);
  return out.append(name);
}

/// The character at the front of `text`, which has one there of that size.
char32_t decoded(std::string_view text, std::size_t size) noexcept {
  const auto first = static_cast<unsigned char>(text[0]);
  if (size == 1)
    return first;
  char32_t c = first & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i)
    c = c << 6 | (static_cast<unsigned char>(text[i]) & 0x3fU);
  return c;
}

struct range {
  char32_t first, last;
};

/// Blocks of characters that stand on the one before, or are not seen at all.
constexpr auto narrow = std::to_array<range>({{0x300, 0x36f},
                                              {0x1ab0, 0x1aff},
                                              {0x1dc0, 0x1dff},
                                              {0x200b, 0x200f},
                                              {0x202a, 0x202e},
                                              {0x2060, 0x206f},
                                              {0x20d0, 0x20ff},
                                              {0xfe00, 0xfe0f},
                                              {0xfe20, 0xfe2f},
                                              {0xfeff, 0xfeff}});
/// Blocks of characters that are two columns wide (Unicode Standard Annex 11).
constexpr auto wide = std::to_array<range>({{0x1100, 0x115f},
                                            {0x2e80, 0x303e},
                                            {0x3041, 0xa4cf},
                                            {0xac00, 0xd7a3},
                                            {0xf900, 0xfaff},
                                            {0xfe30, 0xfe6f},
                                            {0xff00, 0xff60},
                                            {0xffe0, 0xffe6},
                                            {0x1f300, 0x1f64f},
                                            {0x1f900, 0x1f9ff},
                                            {0x20000, 0x3fffd}});

template <std::size_t N>
bool is_in(char32_t c, const std::array<range, N>& blocks) noexcept {
  return std::any_of(blocks.begin(), blocks.end(),
                     [c](const range& r) { return r.first <= c && c <= r.last; });
}

std::size_t width_of(char32_t c) noexcept { return is_in(c, narrow) ? 0 : is_in(c, wide) ? 2 : 1; }

/// Takes a character off the front of a text that is UTF-8; its bytes and its width.
std::pair<std::string_view, std::size_t> next_character(std::string_view& text) {
  const auto size = std::max<std::size_t>(utf8_sequence(text), 1);
  const auto bytes = text.substr(0, size);
  text.remove_prefix(size);
  return {bytes, width_of(decoded(bytes, size))};
}

} // namespace

std::string short_duration(std::chrono::nanoseconds d) {
  struct unit {
    std::uint64_t length;
    std::string_view name;
  };
  static constexpr auto units = std::to_array<unit>({{86'400'000'000'000, "d"},
                                                     {3'600'000'000'000, "h"},
                                                     {60'000'000'000, "m"},
                                                     {1'000'000'000, "s"},
                                                     {1'000'000, "ms"},
                                                     {1'000, "us"},
                                                     {1, "ns"}});
  if (d.count() <= 0)
    return "0";
  const auto length = static_cast<std::uint64_t>(d.count());
  const auto* found = std::find_if(units.begin(), units.end(),
                                   [length](const unit& u) { return length >= u.length; });
  return scaled(length, found->length, found->name);
}

std::string short_bytes(std::uint64_t n) {
  constexpr std::uint64_t step = 1024;
  constexpr std::string_view names = "BKMGTPE";
  std::uint64_t unit = 1;
  std::size_t name = 0;
  for (; n / unit >= step; unit *= step)
    ++name;
  return scaled(n, unit, names.substr(name, 1));
}

std::string short_count(std::uint64_t n) {
  if (n < 100'000)
    return std::to_string(n);
  if (n < 1'000'000)
    return scaled(n, 1'000, "k");
  return n < 1'000'000'000 ? scaled(n, 1'000'000, "M") : scaled(n, 1'000'000'000, "G");
}

std::string counted(std::uint64_t n, std::string_view noun) {
  return std::to_string(n).append(" ").append(noun).append(n == 1 ? "" : "s");
}

std::string printable(std::string_view text, bool utf8) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto size = utf8_sequence(text);
    const auto c = size == 0 ? U'\0' : decoded(text, size);
    const bool control = c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
                         (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
    if (control || (c > 0x7f && !utf8))
      out += '?';
    else
      out += text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty())
    width += next_character(text).second;
  return width;
}

std::string cut(std::string_view text, std::size_t width, bool utf8) {
  if (display_width(text) <= width)
    return std::string{text};
  std::string out;
  std::size_t used = 0;
  while (width > 0 && !text.empty()) {
    const auto [bytes, columns] = next_character(text);
    if (used + columns > width - 1)
      break;
    out += bytes;
    used += columns;
  }
  if (width > 0)
    out += utf8 ? "…" : ">";
  return out;
}

} // namespace gantry::ctl
