#include "protocol/http/response_parser.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void expect(bool condition) {
  if (!condition)
    std::abort();
}

/// What an answer was taken for.
struct outcome {
  std::string mistake;
  int status = 0;
  std::string body;

  bool operator==(const outcome&) const = default;
};

outcome parsed(std::string_view bytes, std::size_t step) {
  gantry::http::response_parser parser;
  outcome out;
  while (!bytes.empty() && !parser.done()) {
    const auto piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    const auto fed = parser.feed(piece, out.body);
    if (!fed)
      return {fed.error().message, 0, {}};
    expect(*fed == parser.done());
  }
  if (const auto finished = parser.finish(); !finished)
    return {finished.error().message, 0, {}};
  out.status = parser.status();
  return out;
}

} // namespace

// What an answer is taken for does not depend on the pieces in which it comes; mistakes have a
// text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const std::size_t step = std::max<std::size_t>(data[0], 1);
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  const auto whole = parsed(text, size);
  expect(whole == parsed(text, step));
  expect(whole.status >= 200 || !whole.mistake.empty());
  return 0;
}
