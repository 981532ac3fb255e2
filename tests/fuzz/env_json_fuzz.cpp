#include "protocol/job/env.hpp"
#include "protocol/job/table.hpp"

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using gantry::job::compat;
using gantry::job::decode;
using gantry::job::encode;

namespace {

void expect(bool condition) {
  if (!condition)
    std::abort();
}

} // namespace

// Whatever can be read is written as JSON that reads as the same environment and writes as the same
// bytes; what cannot be read is an error with a text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};

  std::size_t consumed = 0;
  const auto first = decode(text, consumed);
  expect(consumed <= size);
  if (first) {
    const auto written = encode(*first);
    const auto second = decode(written, consumed);
    expect(second.has_value());
    expect(consumed == written.size());
    expect(*second == *first);
    expect(encode(*second) == written);
    // The 1.2.0 form may change types, but only once, and is JSON too.
    expect(decode(encode(*first, compat::docker_1_2)).has_value());
    for (const auto& e : first->entries()) {
      (void)first->get_bool(e.key);
      expect(first->get_int64(e.key) == 0 || first->strict_int64(e.key).has_value() ||
             e.kind == gantry::job::value_kind::number);
      (void)first->get_list(e.key);
      (void)first->get_json(e.key);
      (void)first->get_sub_env(e.key);
    }
  } else {
    expect(!first.error().message.empty());
  }
  (void)gantry::job::decode_rows(text);
  if (const auto list = gantry::job::decode_list(text))
    expect(gantry::job::decode_list(encode_list(*list)).value().rows == list->rows);
  return 0;
}
