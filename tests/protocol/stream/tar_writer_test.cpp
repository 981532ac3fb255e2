#include "protocol/stream/tar_writer.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

using namespace gantry::stream;
using namespace std::string_view_literals;

namespace {

// A field without the NULs behind it.
std::string field(const std::string& header, std::size_t at, std::size_t size) {
  const auto text = header.substr(at, size);
  return text.substr(0, text.find('\0'));
}

unsigned checksum(std::string header) {
  header.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : header)
    sum += static_cast<unsigned char>(c);
  return sum;
}

std::string run(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string out;
  std::array<char, 4096> buffer{};
  while (const auto n = std::fread(buffer.data(), 1, buffer.size(), pipe))
    out.append(buffer.data(), n);
  CHECK(::pclose(pipe) == 0);
  return out;
}

} // namespace

TEST_CASE("tar_writer: a short entry is one ustar header", "[protocol][stream]") {
  const auto h = tar_header({.path = "a/b", .size = 010, .mode = 0755, .modified = 1, .link = {}});
  REQUIRE(h.size() == 512);
  CHECK(field(h, 0, 100) == "a/b");
  CHECK(h.substr(100, 8) == "0000755\0"sv);
  CHECK(h.substr(108, 8) == "0000000\0"sv);
  CHECK(h.substr(116, 8) == "0000000\0"sv);
  CHECK(h.substr(124, 12) == "00000000010\0"sv);
  CHECK(h.substr(136, 12) == "00000000001\0"sv);
  CHECK(h[156] == '0');
  CHECK(h.substr(257, 8) == "ustar\0"
                            "00"sv);
  CHECK(h.substr(154, 2) == "\0 "sv);
  CHECK(std::stoul(h.substr(148, 6), nullptr, 8) == checksum(h));
}

TEST_CASE("tar_writer: directories and links", "[protocol][stream]") {
  const auto d = tar_header({.path = "d/", .type = tar_type::directory, .mode = 0755, .link = {}});
  CHECK(d[156] == '5');
  const auto l = tar_header({.path = "l", .type = tar_type::symbolic_link, .link = "../x"});
  CHECK(l[156] == '2');
  CHECK(field(l, 157, 100) == "../x");
}

TEST_CASE("tar_writer: long paths use the prefix, longer ones pax", "[protocol][stream]") {
  const std::string directory(120, 'd');
  const std::string name(90, 'n');
  const auto split = tar_header({.path = directory + '/' + name, .link = {}});
  REQUIRE(split.size() == 512);
  CHECK(field(split, 345, 155) == directory);
  CHECK(field(split, 0, 100) == name);
  CHECK(tar_header({.path = std::string(100, 'n'), .link = {}}).size() == 512);
  const auto unsplit = tar_header({.path = std::string(101, 'n'), .link = {}});
  REQUIRE(unsplit.size() == 3 * 512);
  CHECK(unsplit[156] == 'x');
  CHECK(unsplit.substr(512, 12) == "111 path=nnn");
  CHECK(tar_header({.path = std::string(156, 'd') + "/n", .link = {}}).size() == 3 * 512);
  CHECK(tar_header({.path = "n", .type = tar_type::symbolic_link, .link = "\xc3\xbc"}).size() ==
        3 * 512);
}

TEST_CASE("tar_writer: numbers that octal has no room for", "[protocol][stream]") {
  const auto large = tar_header({.path = "f", .size = 1ULL << 33, .link = {}});
  CHECK(large.substr(512, 19) == "19 size=8589934592\n");
  CHECK(tar_header({.path = "f", .size = (1ULL << 33) - 1, .link = {}}).size() == 512);
  const auto early = tar_header({.path = "f", .modified = -1, .link = {}});
  CHECK(early.substr(512, 12) == "12 mtime=-1\n");
}

TEST_CASE("tar_writer: contents are padded to blocks", "[protocol][stream]") {
  CHECK(tar_padding(0).empty());
  CHECK(tar_padding(1).size() == 511);
  CHECK(tar_padding(511).size() == 1);
  CHECK(tar_padding(512).empty());
  CHECK(tar_padding((1ULL << 40) + 1).size() == 511);
  CHECK(tar_file({.path = "f", .link = {}}, "abc").size() == 1024);
  CHECK(tar_entry_size({.path = "f", .size = 513, .link = {}}) == 512 + 1024);
  CHECK(tar_entry_size({.path = "f", .link = {}}) == 512);
  CHECK(tar_end() == std::string(1024, '\0'));
}

TEST_CASE("tar_writer: GNU tar reads it", "[protocol][stream]") {
  const gantry::test::temp_dir dir;
  const std::string long_name = std::string(180, 'x') + "\xc3\xa4";
  std::string tar =
      tar_header({.path = "d/", .type = tar_type::directory, .mode = 0755, .link = {}});
  tar += tar_file({.path = "d/manifest.json", .modified = 0, .link = {}}, "[]");
  tar += tar_file({.path = "d/" + long_name, .mode = 0600, .modified = -1, .link = {}}, "contents");
  tar += tar_header({.path = "d/link",
                     .type = tar_type::symbolic_link,
                     .mode = 0777,
                     .link = "../somewhere/" + long_name});
  tar += tar_end();
  const auto path = dir.write("a.tar", tar);
  CHECK(run("tar -xO -f '" + path + "' d/manifest.json") == "[]");
  CHECK(run("TZ=UTC tar -tv --quoting-style=literal --numeric-owner --full-time -f '" + path +
            "' | sed 's/  */ /g'") ==
        "drwxr-xr-x 0/0 0 1970-01-01 00:00:00 d/\n"
        "-rw-r--r-- 0/0 2 1970-01-01 00:00:00 d/manifest.json\n"
        "-rw------- 0/0 8 1969-12-31 23:59:59 d/" +
            long_name + "\nlrwxrwxrwx 0/0 0 1970-01-01 00:00:00 d/link -> ../somewhere/" +
            long_name + "\n");
}

TEST_CASE("tar_writer: owners, and modes with the type of the file", "[protocol][stream]") {
  const auto h = tar_header({.path = "f", .mode = 0104755, .link = {}, .uid = 5, .gid = 2097151});
  CHECK(h.size() == 512);
  CHECK(h.substr(100, 8) == "0104755\0"sv);
  CHECK(h.substr(108, 8) == "0000005\0"sv);
  CHECK(h.substr(116, 8) == "7777777\0"sv);
  const auto large = tar_header({.path = "f", .link = {}, .uid = 2097152, .gid = 4294967294});
  CHECK(large.size() == 3 * 512);
  CHECK(large.find("15 uid=2097152\n18 gid=4294967294\n"sv) == 512);
}

TEST_CASE("tar_writer: hard links, devices and pipes", "[protocol][stream]") {
  const auto link = tar_header({.path = "d/z", .type = tar_type::hard_link, .link = "d/f"});
  CHECK(link[156] == '1');
  CHECK(field(link, 157, 100) == "d/f");
  CHECK(field(link, 329, 8).empty());
  const auto device = tar_header({.path = "nul",
                                  .type = tar_type::character_device,
                                  .link = {},
                                  .device_major = 1,
                                  .device_minor = 3});
  CHECK(device[156] == '3');
  CHECK(device.substr(329, 16) == "0000001\0"
                                  "0000003\0"sv);
  CHECK(tar_header({.path = "b", .type = tar_type::block_device, .link = {}})[156] == '4');
  CHECK(tar_header({.path = "p", .type = tar_type::fifo, .link = {}})[156] == '6');
}

TEST_CASE("tar_writer: capabilities of a file go ahead of it", "[protocol][stream]") {
  const auto h = tar_header({.path = "ping", .link = {}, .capability = "\1\0\0\2"sv});
  CHECK(h.size() == 3 * 512);
  CHECK(h.find("41 SCHILY.xattr.security.capability=\1\0\0\2\n"sv) == 512);
}
