#include "protocol/stream/tar_writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace gantry::stream {

namespace {

// A field of a ustar header (POSIX.1-2017, pax(1), "ustar Interchange Format").
struct field {
  std::size_t at;
  std::size_t size;
};
constexpr field name_field{0, 100};
constexpr field mode_field{100, 8};
constexpr field uid_field{108, 8};
constexpr field gid_field{116, 8};
constexpr field size_field{124, 12};
constexpr field time_field{136, 12};
constexpr field checksum_field{148, 8};
constexpr std::size_t type_at = 156;
constexpr field link_field{157, 100};
constexpr field magic_field{257, 8};
constexpr field major_field{329, 8};
constexpr field minor_field{337, 8};
constexpr field prefix_field{345, 155};

constexpr std::uint64_t octal_limit = std::uint64_t{1} << 33; // eleven digits
constexpr std::uint32_t id_limit = 1U << 21;                  // seven

constexpr std::array<char, 2 * tar_block_size> zeros{};

using header_block = std::array<char, tar_block_size>;

void put(header_block& block, field f, std::string_view text) {
  std::copy_n(text.data(), std::min(text.size(), f.size), block.data() + f.at);
}

// Octal digits that fill the field but for the NUL at its end.
void put_number(header_block& block, field f, std::uint64_t n) {
  for (auto i = f.size - 1; i-- > 0; n >>= 3)
    block[f.at + i] = static_cast<char>('0' + (n & 7));
}

// Six digits, NUL, blank: the form of this field alone.
void put_checksum(header_block& block) {
  put(block, checksum_field, "        ");
  unsigned sum = 0;
  for (const char c : block)
    sum += static_cast<unsigned char>(c);
  put_number(block, {checksum_field.at, checksum_field.size - 1}, sum);
  block[checksum_field.at + checksum_field.size - 2] = '\0';
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0; });
}

// Where a path is cut so that what precedes a slash has room in the prefix, and what follows in
// the name: 0 if it need not be, npos if it cannot be.
std::size_t split(std::string_view path) {
  if (!is_ascii(path))
    return std::string_view::npos;
  if (path.size() <= name_field.size)
    return 0;
  // A directory's own last slash is no place to cut.
  const auto cut = path.substr(0, std::min(path.size() - 1, prefix_field.size + 1)).rfind('/');
  if (cut == std::string_view::npos || cut == 0 || path.size() - cut - 1 > name_field.size)
    return std::string_view::npos;
  return cut;
}

void append_block(std::string& out, const tar_member& member, char type) {
  header_block block{};
  if (const auto cut = split(member.path); cut != 0 && cut != std::string_view::npos) {
    put(block, prefix_field, member.path.substr(0, cut));
    put(block, name_field, member.path.substr(cut + 1));
  } else {
    put(block, name_field, member.path);
  }
  put_number(block, mode_field, member.mode & 0177777U);
  put_number(block, uid_field, member.uid % id_limit);
  put_number(block, gid_field, member.gid % id_limit);
  put_number(block, size_field, member.size % octal_limit);
  const auto time =
      std::clamp<std::int64_t>(member.modified, 0, static_cast<std::int64_t>(octal_limit - 1));
  put_number(block, time_field, static_cast<std::uint64_t>(time));
  block[type_at] = type;
  put(block, link_field, member.link);
  put(block, magic_field, std::string_view{"ustar\00000", 8});
  if (member.type == tar_type::character_device || member.type == tar_type::block_device) {
    put_number(block, major_field, member.device_major);
    put_number(block, minor_field, member.device_minor);
  }
  put_checksum(block);
  out.append(block.data(), block.size());
}

} // namespace

std::string tar_header(const tar_member& member) {
  std::string records;
  if (split(member.path) == std::string_view::npos)
    append_pax_record(records, "path", member.path);
  if (member.link.size() > link_field.size || !is_ascii(member.link))
    append_pax_record(records, "linkpath", member.link);
  if (member.size >= octal_limit)
    append_pax_record(records, "size", std::to_string(member.size));
  if (member.modified < 0 || static_cast<std::uint64_t>(member.modified) >= octal_limit)
    append_pax_record(records, "mtime", std::to_string(member.modified));
  if (member.uid >= id_limit)
    append_pax_record(records, "uid", std::to_string(member.uid));
  if (member.gid >= id_limit)
    append_pax_record(records, "gid", std::to_string(member.gid));
  if (!member.capability.empty())
    append_pax_record(records, "SCHILY.xattr.security.capability", member.capability);

  std::string out;
  if (!records.empty()) {
    append_block(
        out, {.path = "PaxHeaders.0/entry", .size = records.size(), .mode = 0644, .link = {}}, 'x');
    out += records;
    out += tar_padding(records.size());
  }
  append_block(out, member, static_cast<char>(member.type));
  return out;
}

std::string_view tar_padding(std::uint64_t size) noexcept {
  return {zeros.data(), (tar_block_size - size % tar_block_size) % tar_block_size};
}

std::string tar_file(tar_member member, std::string_view contents) {
  member.size = contents.size();
  auto out = tar_header(member);
  out += contents;
  out += tar_padding(contents.size());
  return out;
}

std::string_view tar_end() noexcept { return {zeros.data(), zeros.size()}; }

std::uint64_t tar_entry_size(const tar_member& member) {
  return tar_header(member).size() + member.size + tar_padding(member.size).size();
}

} // namespace gantry::stream
