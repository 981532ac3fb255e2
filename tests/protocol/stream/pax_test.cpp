#include "protocol/stream/pax.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>

using namespace gantry::stream;
using namespace std::string_view_literals;

namespace {

std::string record(std::string_view key, std::string_view value) {
  std::string out;
  append_pax_record(out, key, value);
  return out;
}

// A header block with what `pax_value` looks at: type and size.
std::string block(char type, std::size_t size) {
  std::string out(tar_block_size, '\0');
  out[156] = type;
  for (std::size_t i = 11; i-- > 0; size /= 8)
    out[124 + i] = static_cast<char>('0' + size % 8);
  return out;
}

std::string extended(char type, std::string body) {
  auto out = block(type, body.size());
  body.resize((body.size() + tar_block_size - 1) / tar_block_size * tar_block_size);
  return out + body;
}

} // namespace

TEST_CASE("pax: the length of a record counts itself", "[protocol][stream]") {
  CHECK(record("a", "") == "5 a=\n");
  CHECK(record("a", "1234") == "9 a=1234\n");
  CHECK(record("a", "12345") == "11 a=12345\n");
  CHECK(record("path", std::string(90, 'x')) == "99 path=" + std::string(90, 'x') + "\n");
  CHECK(record("path", std::string(91, 'x')) == "101 path=" + std::string(91, 'x') + "\n");
  CHECK(record("k", "a=b\nc") == "11 k=a=b\nc\n");
  for (std::size_t n = 0; n < 1200; ++n) {
    const auto r = record("key", std::string(n, 'v'));
    REQUIRE(std::stoul(r) == r.size());
  }
}

TEST_CASE("pax: records are taken from the front", "[protocol][stream]") {
  std::string_view text = "11 a=12345\n5 b=\n8 c=\0\xff=\n\0\0"sv;
  auto first = take_pax_record(text);
  REQUIRE(first);
  CHECK(first->key == "a");
  CHECK(first->value == "12345");
  auto second = take_pax_record(text);
  REQUIRE(second);
  CHECK(second->key == "b");
  CHECK(second->value.empty());
  for (const auto bad : {""sv, "x"sv, "11"sv, "11 a=1"sv, "5 ab\n"sv, "4 =\n"sv, "3 a\n"sv,
                         "0 a=\n"sv, "-5 a=\n"sv, "6 a=\nx"sv, "99999999999999999999 a=\n"sv}) {
    auto rest = bad;
    const auto taken = take_pax_record(rest);
    CAPTURE(bad);
    CHECK((!taken || taken->key.empty()));
  }
}

TEST_CASE("pax: the value among the headers of an entry", "[protocol][stream]") {
  const auto path = record("path", "\xff\xfe/name");
  const auto both = record("size", "1") + path;
  CHECK(pax_value(extended('x', both) + block('0', 0), "path") == "\xff\xfe/name");
  CHECK(pax_value(extended('x', both) + block('0', 0), "linkpath").empty());
  CHECK(pax_value(extended('g', both) + block('0', 0), "path").empty());
  CHECK(pax_value(extended('L', "long") + extended('x', both) + block('0', 0), "size") == "1");
  CHECK(pax_value(extended('x', record("path", "a")) + extended('x', record("path", "b")),
                  "path") == "b");
  // What is the file's contents is no header.
  CHECK(pax_value(block('0', 512) + extended('x', both), "path").empty());
  CHECK(pax_value("", "path").empty());
  CHECK(pax_value(std::string(511, 'x'), "path").empty());
  CHECK(pax_value(block('x', 100'000) + both, "path") == "\xff\xfe/name");
}
