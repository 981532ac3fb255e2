#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace gantry::stream {

/// Length of the well-formed UTF-8 sequence at the front of `s` (RFC 3629: no surrogates, nothing
/// overlong or beyond U+10FFFF); 0 if there is none.
inline std::size_t utf8_sequence(std::string_view s) noexcept {
  if (s.empty())
    return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
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
  if (length == 0 || s.size() < length || byte(1) < low || byte(1) > high)
    return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80)
      return 0;
  }
  return length;
}

/// Appends `s` as a JSON string with its quotes. As Docker's encoder does it, `<`, `>`, `&`, U+2028
/// and U+2029 are escaped, and every byte that is no UTF-8 becomes `\ufffd`.
inline void append_json_string(std::string& out, std::string_view s) {
  // True for what stands for itself: printable ASCII but `"`, `\`, `<`, `>`, `&`.
  static constexpr auto plain = [] {
    std::array<bool, 256> t{};
    for (std::size_t c = 0x20; c < 0x80; ++c)
      t[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
    return t;
  }();
  static constexpr char hex[] = "0123456789abcdef";

  out.reserve(out.size() + s.size() + 2);
  out += '"';
  while (!s.empty()) {
    std::size_t run = 0;
    while (run < s.size() && plain[static_cast<unsigned char>(s[run])])
      ++run;
    out.append(s.substr(0, run));
    s.remove_prefix(run);
    if (s.empty())
      break;

    const auto c = static_cast<unsigned char>(s.front());
    std::size_t used = 1;
    if (c >= 0x80) {
      used = utf8_sequence(s);
      const auto sequence = s.substr(0, used);
      if (used == 0) {
        out += "\\ufffd";
        used = 1;
      } else if (sequence == "\xe2\x80\xa8" || sequence == "\xe2\x80\xa9") {
        out += sequence.back() == '\xa8' ? "\\u2028" : "\\u2029";
      } else {
        out.append(sequence);
      }
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      out += "\\u00";
      out += hex[c >> 4];
      out += hex[c & 15];
    }
    s.remove_prefix(used);
  }
  out += '"';
}

} // namespace gantry::stream
