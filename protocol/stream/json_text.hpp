#pragma once

#include "protocol/text.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace gantry::stream {

using gantry::utf8_sequence;

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
