#include "protocol/utf8.hpp"

#include "protocol/text.hpp"

#include <cstddef>
#include <string_view>
#include <utility>

namespace gantry {

namespace {

/// Length of the longest well-formed text at the front of `text`.
std::size_t well_formed_prefix(std::string_view text) noexcept {
  std::size_t n = 0;
  while (n < text.size()) {
    const auto length = utf8_sequence(text.substr(n));
    if (length == 0)
      break;
    n += length;
  }
  return n;
}

} // namespace

void mend_utf8(std::string& text) {
  auto good = well_formed_prefix(text);
  if (good == text.size())
    return;
  std::string mended;
  std::string_view rest{text};
  for (;;) {
    mended.append(rest.substr(0, good));
    if (good == rest.size())
      break;
    mended += "\xef\xbf\xbd";
    rest.remove_prefix(good + 1);
    good = well_formed_prefix(rest);
  }
  text = std::move(mended);
}

} // namespace gantry
