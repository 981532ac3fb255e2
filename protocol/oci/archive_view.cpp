#include "protocol/oci/archive_view.hpp"

#include <array>
#include <vector>

namespace gantry::oci {

namespace {

constexpr std::size_t block_size = 512;
constexpr std::size_t checksum_offset = 148;
constexpr std::size_t checksum_size = 8;
constexpr int max_links = 255;

// True if `head` begins with what one of the packers we read writes.
bool is_packed(std::string_view head) noexcept {
  using namespace std::string_view_literals;
  constexpr std::array magics = {"\x1f\x8b\x08"sv, "BZh"sv,
                                 "\xfd"
                                 "7zXZ\0"sv,
                                 "\x28\xb5\x2f\xfd"sv};
  for (auto magic : magics)
    if (head.starts_with(magic))
      return true;
  // A skippable frame before the first one of zstd.
  return head.size() >= 4 && (head[0] & 0xf0) == 0x50 && head.substr(1, 3) == "\x2a\x4d\x18";
}

// The checksum in a tar header, octal; -1 if there is none.
std::int64_t stated_checksum(std::string_view block) noexcept {
  auto field = block.substr(checksum_offset, checksum_size);
  std::int64_t sum = -1;
  for (char c : field) {
    if (c == ' ' && sum < 0)
      continue;
    if (c < '0' || c > '7')
      break;
    sum = (sum < 0 ? 0 : sum) * 8 + (c - '0');
  }
  return sum;
}

// True for a tar header and for the zeros that end a tar.
bool is_tar_block(std::string_view block) noexcept {
  if (block.size() < block_size)
    return false;
  block = block.substr(0, block_size);
  if (block.find_first_not_of('\0') == std::string_view::npos)
    return true;
  std::int64_t as_unsigned = 0;
  std::int64_t as_signed = 0; // NOTE: some old tars counted so
  for (std::size_t i = 0; i < block.size(); ++i) {
    bool own = i >= checksum_offset && i < checksum_offset + checksum_size;
    char c = own ? ' ' : block[i];
    as_unsigned += static_cast<unsigned char>(c);
    as_signed += static_cast<signed char>(c);
  }
  auto stated = stated_checksum(block);
  return stated == as_unsigned || stated == as_signed;
}

bool is_known_document(std::string_view path) noexcept {
  auto name = path.substr(path.rfind('/') + 1); // npos + 1 is 0
  return name == "manifest.json" || name == "repositories" || name == "index.json" ||
         name == "oci-layout" || name == "json";
}

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    auto end = std::min(path.find('/'), path.size());
    if (auto part = path.substr(0, end); !part.empty() && part != ".")
      parts.push_back(part);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

void append_part(std::string& path, std::string_view part) {
  if (!path.empty())
    path += '/';
  path += part;
}

void remove_last_part(std::string& path) {
  auto slash = path.rfind('/');
  path.erase(slash == std::string::npos ? 0 : slash);
}

} // namespace

entry_role role_of(std::string_view path, std::string_view head, std::int64_t size) noexcept {
  if (is_packed(head) || is_tar_block(head))
    return entry_role::layer;
  if (path.ends_with("layer.tar"))
    return entry_role::layer; // an empty one, or a broken one that is told so as a layer
  if (size > max_document_size)
    return entry_role::other;
  auto first = head.find_first_not_of(" \t\r\n");
  bool is_json = first != std::string_view::npos && (head[first] == '{' || head[first] == '[');
  return is_json || is_known_document(path) ? entry_role::document : entry_role::other;
}

std::string clean_archive_path(std::string_view path) {
  std::string clean;
  for (auto part : split(path)) {
    if (part == "..")
      remove_last_part(clean);
    else
      append_part(clean, part);
  }
  return clean;
}

void note_folder(archive_view& view, std::string_view path, bool is_folder) {
  auto clean = clean_archive_path(path);
  auto slash = clean.find('/');
  if (slash != std::string::npos)
    clean.erase(slash);
  else if (!is_folder)
    return;
  if (!clean.empty())
    view.folders.insert(std::move(clean));
}

result<std::string> resolve_archive_path(const archive_view& view, std::string_view path) {
  std::string resolved;
  std::string rest{path};
  int links = 0;
  for (std::string_view left = rest; !left.empty();) {
    auto end = std::min(left.find('/'), left.size());
    auto part = left.substr(0, end);
    left.remove_prefix(std::min(end + 1, left.size()));
    if (part.empty() || part == ".")
      continue;
    if (part == "..") {
      remove_last_part(resolved);
      continue;
    }
    auto before = resolved;
    append_part(resolved, part);
    auto link = view.links.find(resolved);
    if (link == view.links.end())
      continue;
    if (++links > max_links)
      return api_error{errc::invalid_parameter, "too many links in " + std::string{path}};
    resolved = link->second.starts_with('/') ? std::string{} : std::move(before);
    rest = link->second + '/' + std::string{left};
    left = rest;
  }
  return resolved;
}

result<const std::string*> find_document(const archive_view& view, std::string_view path) {
  auto resolved = resolve_archive_path(view, path);
  if (!resolved)
    return resolved.error();
  auto document = view.documents.find(*resolved);
  if (document == view.documents.end() && view.others.contains(*resolved))
    return api_error{errc::invalid_parameter, clean_archive_path(path) + " is not JSON"};
  if (document == view.documents.end())
    return api_error{errc::invalid_parameter,
                     "open " + clean_archive_path(path) + ": no such file or directory"};
  return &document->second;
}

} // namespace gantry::oci
