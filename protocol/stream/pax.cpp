#include "protocol/stream/pax.hpp"

#include <algorithm>
#include <charconv>

namespace gantry::stream {

namespace {

constexpr std::size_t size_field = 124;
constexpr std::size_t size_field_length = 12;
constexpr std::size_t type_field = 156;

std::size_t padded(std::size_t n) {
  return (n + tar_block_size - 1) / tar_block_size * tar_block_size;
}

// The size in a header: octal, blanks and NULs around it.
std::size_t octal_size(std::string_view header) {
  std::size_t size = 0;
  for (const char c : header.substr(size_field, size_field_length)) {
    if (c >= '0' && c <= '7')
      size = size * 8 + static_cast<std::size_t>(c - '0');
    else if (size != 0)
      break;
  }
  return size;
}

} // namespace

void append_pax_record(std::string& out, std::string_view key, std::string_view value) {
  const auto rest = key.size() + value.size() + 3; // blank, equals sign, line break
  auto length = rest + 1;
  while (rest + std::to_string(length).size() != length)
    length = rest + std::to_string(length).size();
  out += std::to_string(length);
  out += ' ';
  out += key;
  out += '=';
  out += value;
  out += '\n';
}

std::optional<pax_record> take_pax_record(std::string_view& text) {
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  const auto digits = static_cast<std::size_t>(end - text.data());
  if (error != std::errc{} || digits == text.size() || *end != ' ' || length > text.size() ||
      length < digits + 3 || text[length - 1] != '\n')
    return std::nullopt;
  const auto record = text.substr(digits + 1, length - digits - 2);
  const auto equals = record.find('=');
  if (equals == std::string_view::npos)
    return std::nullopt;
  text.remove_prefix(length);
  return pax_record{record.substr(0, equals), record.substr(equals + 1)};
}

std::string pax_value(std::string_view headers, std::string_view key) {
  std::string found;
  while (headers.size() >= tar_block_size) {
    const auto header = headers.substr(0, tar_block_size);
    const char type = header[type_field];
    headers.remove_prefix(tar_block_size);
    if (type != 'x' && type != 'X' && type != 'g' && type != 'L' && type != 'K')
      break;
    const auto size = std::min(octal_size(header), headers.size());
    if (type == 'x' || type == 'X') {
      auto records = headers.substr(0, size);
      while (const auto record = take_pax_record(records)) {
        if (record->key == key)
          found = record->value;
      }
    }
    headers.remove_prefix(std::min(padded(size), headers.size()));
  }
  return found;
}

} // namespace gantry::stream
