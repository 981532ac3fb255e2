#include "actors/store/tar_record.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <string>
#include <variant>

using namespace gantry;
using namespace gantry::store;
using gantry::test::temp_dir;

namespace {

// All operations of a record, literals joined: `L:bytes F:path=size D:offset+size E:size `, or
// `!TEXT` at the end.
std::string operations(const std::string& path) {
  auto reader = tar_record_reader::open(path);
  if (!reader.has_value())
    return '!' + reader.error().message;
  std::string out;
  bool in_literal = false;
  for (;;) {
    const auto next = reader->next();
    if (!next.has_value())
      return out + '!' + next.error().message;
    if (const auto* literal = std::get_if<record::literal>(&*next)) {
      if (!in_literal)
        out += "L:";
      in_literal = true;
      out += literal->bytes;
      continue;
    }
    if (std::exchange(in_literal, false))
      out += ' ';
    if (const auto* file = std::get_if<record::file>(&*next)) {
      out += "F:" + std::string{file->path} + '=' + std::to_string(file->size) + ' ';
    } else if (const auto* data = std::get_if<record::data>(&*next)) {
      out += "D:" + std::to_string(data->offset) + '+' + std::to_string(data->size) + ' ';
    } else {
      out += "E:" + std::to_string(std::get<record::end>(*next).size);
      return out;
    }
  }
}

void write_sample(const std::string& path) {
  auto writer = tar_record_writer::create(path);
  REQUIRE(writer.has_value());
  REQUIRE(writer->literal("head").has_value());
  REQUIRE(writer->literal("er").has_value());
  REQUIRE(writer->file("usr/bin/x", 1'000'000'000'000).has_value());
  REQUIRE(writer->data(0, 100).has_value());
  REQUIRE(writer->data(100, 28).has_value());
  REQUIRE(writer->data(999'999'999'000, 1000).has_value());
  REQUIRE(writer->literal("tail").has_value());
  REQUIRE(writer->finish().has_value());
}

} // namespace

TEST_CASE("tar_record: what was written is read, pieces as one", "[actors][store]") {
  const temp_dir dir;
  write_sample(dir.file("record"));
  CHECK(operations(dir.file("record")) == "L:header F:usr/bin/x=1000000000000 D:0+128 "
                                          "D:999999999000+1000 L:tail E:1138");
  CHECK(dir.read("record").substr(0, 9) == std::string("GANTRYTR\1", 9));
}

TEST_CASE("tar_record: an empty one has an end", "[actors][store]") {
  const temp_dir dir;
  auto writer = tar_record_writer::create(dir.file("record"));
  REQUIRE(writer.has_value());
  REQUIRE(writer->finish().has_value());
  CHECK(operations(dir.file("record")) == "E:0");
}

TEST_CASE("tar_record: literals of any size", "[actors][store]") {
  const temp_dir dir;
  std::string large;
  for (int i = 0; large.size() < 3'000'000; ++i)
    large += std::to_string(i * 2654435761U);
  auto writer = tar_record_writer::create(dir.file("record"));
  REQUIRE(writer.has_value());
  for (std::size_t at = 0, n = 1; at < large.size(); at += n, n = n * 3 % 100'003)
    REQUIRE(writer->literal(std::string_view{large}.substr(at, n)).has_value());
  REQUIRE(writer->finish().has_value());
  CHECK((operations(dir.file("record")) == "L:" + large + " E:" + std::to_string(large.size())));
}

TEST_CASE("tar_record: many small operations", "[actors][store]") {
  const temp_dir dir;
  auto writer = tar_record_writer::create(dir.file("record"));
  REQUIRE(writer.has_value());
  std::string expected;
  const std::string long_path(4000, 'p');
  for (int i = 0; i < 2000; ++i) {
    REQUIRE(writer->literal("x").has_value());
    REQUIRE(writer->file(long_path, 5).has_value());
    REQUIRE(writer->data(0, 5).has_value());
    expected += "L:x F:" + long_path + "=5 D:0+5 ";
  }
  REQUIRE(writer->finish().has_value());
  CHECK((operations(dir.file("record")) == expected + "E:12000"));
}

TEST_CASE("tar_record: one that is cut anywhere is not read to an end", "[actors][store]") {
  const temp_dir dir;
  write_sample(dir.file("record"));
  const auto bytes = dir.read("record");
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    const auto path = dir.write("cut", std::string_view{bytes}.substr(0, n));
    const auto found = operations(path);
    if (!found.ends_with("record '" + path + "' is truncated"))
      FAIL_CHECK("cut at " << n << ": " << found);
  }
}

TEST_CASE("tar_record: one with a changed byte is not read to an end", "[actors][store]") {
  const temp_dir dir;
  write_sample(dir.file("record"));
  const auto bytes = dir.read("record");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const int bit : {1, 4, 128}) {
      auto changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ bit);
      const auto found = operations(dir.write("changed", changed));
      if (found.find('!') == std::string::npos)
        FAIL_CHECK("byte " << i << ": " << found);
    }
  }
}

TEST_CASE("tar_record: what is no record, or not of this version", "[actors][store]") {
  const temp_dir dir;
  write_sample(dir.file("record"));
  auto bytes = dir.read("record");
  const auto more = dir.write("more", bytes + "x");
  CHECK(operations(more).ends_with("!record '" + more + "' is corrupt: something follows its end"));
  bytes[8] = 2;
  const auto newer = dir.write("newer", bytes);
  CHECK(operations(newer) == "!record '" + newer + "' has version 2, which is not known here");
  const auto other = dir.write("other", "something else entirely");
  CHECK(operations(other) == "!record '" + other + "' is corrupt: it is no record of a tar");
  CHECK(operations(dir.file("none")) ==
        "!open '" + dir.file("none") + "': No such file or directory");
}

TEST_CASE("tar_record: a record is never written over", "[actors][store]") {
  const temp_dir dir;
  const auto path = dir.write("record", "precious");
  const auto writer = tar_record_writer::create(path);
  REQUIRE(writer.has_error());
  CHECK(writer.error().kind == errc::conflict);
  CHECK(dir.read("record") == "precious");
}
