#include "protocol/text.hpp"

#include <algorithm>

namespace gantry {

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(), to_lower);
  return out;
}

std::string upper(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(), to_upper);
  return out;
}

std::string_view trim_space(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_space(text.back()))
    text.remove_suffix(1);
  return text;
}

std::size_t utf8_sequence(std::string_view text) noexcept {
  if (text.empty())
    return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80)
    return 1;
  std::size_t length = 0;
  unsigned char low = 0x80; // bounds of the second byte
  unsigned char high = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    low = first == 0xe0 ? 0xa0 : 0x80;
    high = first == 0xed ? 0x9f : 0xbf;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    low = first == 0xf0 ? 0x90 : 0x80;
    high = first == 0xf4 ? 0x8f : 0xbf;
  }
  if (length == 0 || text.size() < length || byte(1) < low || byte(1) > high)
    return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80)
      return 0;
  }
  return length;
}

std::string quoted(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  static constexpr std::string_view named = "\a\b\f\n\r\t\v\\\"";
  static constexpr std::string_view letters = "abfnrtv\\\"";
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    const std::size_t size = utf8_sequence(text.substr(i));
    if (const auto k = named.find(c); k != named.npos) {
      out += '\\';
      out += letters[k];
    } else if (size == 2 && byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0) {
      const auto next = static_cast<unsigned char>(text[i + 1]);
      out += "\\u00";
      out += digits[next >> 4];
      out += digits[next & 15];
    } else if (size == 0 || byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out.append(text, i, size);
    }
    i += size == 0 ? 1 : size;
  }
  out += '"';
  return out;
}

} // namespace gantry
