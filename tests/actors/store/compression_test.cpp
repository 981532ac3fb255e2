#include "actors/store/compression.hpp"
#include "tests/actors/store/layer_support.hpp"

#include <string>
#include <string_view>

using namespace gantry;
using namespace gantry::store;
using namespace gantry::test;
using namespace std::string_view_literals;

namespace {

// All that comes out when input and output go by in pieces of those sizes; `!TEXT` for an error.
std::string unpacked(compression packed, std::string_view input, std::size_t in_step = 1 << 16,
                     std::size_t out_step = 1 << 16) {
  const auto inflater = decompressor::make(packed);
  std::string out;
  std::string buffer(out_step, '\0');
  for (;;) {
    auto piece = input.substr(0, in_step);
    input.remove_prefix(piece.size());
    for (;;) {
      std::span<char> room{buffer};
      if (auto done = inflater->run(piece, room); !done.has_value())
        return '!' + done.error().message;
      out.append(buffer, 0, buffer.size() - room.size());
      if (!room.empty())
        break;
    }
    REQUIRE(piece.empty());
    if (input.empty())
      break;
  }
  if (auto done = inflater->finish(); !done.has_value())
    return '!' + done.error().message;
  return out;
}

struct format {
  compression packed;
  const char* command;
};
const format formats[] = {{compression::gzip, "gzip -c"},
                          {compression::bzip2, "bzip2 -c"},
                          {compression::xz, "xz -c"},
                          {compression::zstd, "zstd -q -c"}};

// Text that packs, and bytes that do not.
std::string sample() {
  std::string text;
  for (int i = 0; i < 9000; ++i)
    text += "line " + std::to_string(i * 7919) + '\n';
  unsigned n = 1;
  for (int i = 0; i < 70000; ++i)
    text += static_cast<char>((n = n * 1664525U + 1013904223U) >> 24);
  return text;
}

std::string packed_by(const temp_dir& dir, const char* command, std::string_view plain) {
  return shell_output(command + (" < " + dir.write("plain", plain)));
}

} // namespace

TEST_CASE("compression: the first bytes tell the format", "[actors][store]") {
  CHECK(detect_compression("\x1f\x8b\x08\x00\x00\x00"sv) == compression::gzip);
  CHECK(detect_compression("\x1f\x8b\x07\x00\x00\x00"sv) == compression::none);
  CHECK(detect_compression("BZh91A"sv) == compression::bzip2);
  CHECK(detect_compression("\xfd"
                           "7zXZ\x00"sv) == compression::xz);
  CHECK(detect_compression("\x28\xb5\x2f\xfd\x04\x00"sv) == compression::zstd);
  CHECK(detect_compression("\x50\x2a\x4d\x18\x04\x00"sv) == compression::zstd);
  CHECK(detect_compression("\x5f\x2a\x4d\x18\x04\x00"sv) == compression::zstd);
  CHECK(detect_compression("\x60\x2a\x4d\x18\x04\x00"sv) == compression::none);
  CHECK(detect_compression(""sv) == compression::none);
  CHECK(detect_compression("\x1f\x8b"sv) == compression::none);
  CHECK(detect_compression("etc/passwd"sv) == compression::none);
  CHECK(std::string{to_string(compression::zstd)} == "zstd");
}

TEST_CASE("compression: every format unpacks in pieces of any size", "[actors][store]") {
  const temp_dir dir;
  const auto plain = sample();
  for (const auto& [packed, command] : formats) {
    CAPTURE(command);
    const auto bytes = packed_by(dir, command, plain);
    CHECK(detect_compression(bytes) == packed);
    CHECK((unpacked(packed, bytes) == plain));
    CHECK((unpacked(packed, bytes, 1, 1 << 16) == plain));
    CHECK((unpacked(packed, bytes, 1 << 20, 1) == plain));
    CHECK((unpacked(packed, bytes, 37, 101) == plain));
  }
  CHECK((unpacked(compression::none, plain, 7, 11) == plain));
}

TEST_CASE("compression: several members in a row are one stream", "[actors][store]") {
  const temp_dir dir;
  for (const auto& [packed, command] : formats) {
    CAPTURE(command);
    const auto a = packed_by(dir, command, "first ");
    const auto nothing = packed_by(dir, command, "");
    const auto b = packed_by(dir, command, "second");
    for (const std::size_t step : {1, 5, 1 << 16})
      CHECK(unpacked(packed, a + nothing + b, step, 3) == "first second");
    CHECK(unpacked(packed, nothing) == "");
  }
}

TEST_CASE("compression: an end in the middle is told, wherever it is", "[actors][store]") {
  const temp_dir dir;
  const std::string plain = sample().substr(0, 3000);
  for (const auto& [packed, command] : formats) {
    const auto bytes = packed_by(dir, command, plain);
    for (std::size_t n = 1; n < bytes.size(); ++n) {
      const auto out = unpacked(packed, std::string_view{bytes}.substr(0, n));
      if (out != "!unexpected end of " + std::string{to_string(packed)} + " data")
        FAIL_CHECK(command << " cut at " << n << ": " << out.substr(0, 80));
    }
  }
}

TEST_CASE("compression: a changed byte never passes for good data", "[actors][store]") {
  const temp_dir dir;
  const std::string plain = sample().substr(0, 3000);
  for (const auto& [packed, command] : formats) {
    CAPTURE(command);
    const auto bytes =
        packed_by(dir, packed == compression::zstd ? "zstd -q -c --check" : command, plain);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      auto changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ 0x20);
      const auto out = unpacked(packed, changed);
      // What is not covered by a checksum, like the time in a gzip header, may change.
      if (out != plain && (out.empty() || out.front() != '!'))
        FAIL_CHECK("byte " << i << " of " << command);
    }
  }
}

TEST_CASE("compression: zeros may follow the last gzip member, nothing else", "[actors][store]") {
  const temp_dir dir;
  const auto bytes = packed_by(dir, "gzip -c", "hello");
  const std::string zeros(1000, '\0');
  for (const std::size_t step : {1, 3, 1 << 16}) {
    CHECK(unpacked(compression::gzip, bytes + zeros, step) == "hello");
    CHECK(unpacked(compression::gzip, bytes + zeros + bytes, step) ==
          "!invalid gzip data: something follows the last member");
    CHECK(unpacked(compression::gzip, bytes + "x", step) ==
          "!invalid gzip data: something follows the last member");
  }
}

TEST_CASE("compression: what asks for more memory than allowed is refused", "[actors][store]") {
  // A frame with a window of 2^28 bytes (RFC 8878 §3.1.1.1.2) and an empty last block.
  CHECK(unpacked(compression::zstd, "\x28\xb5\x2f\xfd\x00\x90\x01\x00\x00"sv) ==
        "!invalid zstd data: Frame requires too much memory for decoding");
  CHECK(unpacked(compression::zstd, "\x28\xb5\x2f\xfd\x00\x88\x01\x00\x00"sv) == "");
  const temp_dir dir;
  const auto large = packed_by(dir, "xz -c --lzma2=dict=256MiB", "hello");
  CHECK(unpacked(compression::xz, large) ==
        "!invalid xz data: the dictionary is larger than 128 MiB allow");
  CHECK(unpacked(compression::xz, packed_by(dir, "xz -9 -c", "hello")) == "hello");
}

TEST_CASE("compression: what is none is told", "[actors][store]") {
  CHECK(unpacked(compression::gzip, "\x1f\x8b\x08\xff") == "!unexpected end of gzip data");
  CHECK(unpacked(compression::gzip, "no gzip at all, and long enough to tell") ==
        "!invalid gzip data: invalid header");
  CHECK(unpacked(compression::bzip2, "no bzip2") == "!invalid bzip2 data: not bzip2");
  CHECK(unpacked(compression::xz, "no xz at all, really") == "!invalid xz data: not xz");
  CHECK(unpacked(compression::zstd, "no zstd") == "!invalid zstd data: Unknown frame descriptor");
  for (const auto& [packed, command] : formats)
    CHECK(unpacked(packed, "").substr(0, 1) == (packed == compression::bzip2 ? "" : "!"));
}
