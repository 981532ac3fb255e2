#include "actors/logs/local_record.hpp"

namespace gantry::logs {
namespace {

// Keys of protobuf fields: number << 3 | wire type (0: varint, 2: bytes).
enum key : unsigned char {
  source_key = 1 << 3 | 2,
  time_key = 2 << 3 | 0,
  line_key = 3 << 3 | 2,
  partial_key = 4 << 3 | 0,
};

void put_size(std::string& out, std::size_t size) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(static_cast<unsigned char>(size >> shift));
}

std::size_t get_size(std::string_view four) {
  std::size_t size = 0;
  for (char c : four)
    size = size << 8 | static_cast<unsigned char>(c);
  return size;
}

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out += static_cast<char>(static_cast<unsigned char>(value | 0x80));
  out += static_cast<char>(value);
}

bool take_varint(std::string_view& in, std::uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (in.empty())
      return false;
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80)
      return true;
  }
  return false;
}

bool take_bytes(std::string_view& in, std::string_view& bytes) {
  std::uint64_t size = 0;
  if (!take_varint(in, size) || size > in.size())
    return false;
  bytes = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

// Steps over the value of a field that we do not know (metadata of partial lines).
bool skip_field(std::string_view& in, std::uint64_t wire_type) {
  std::uint64_t number = 0;
  std::string_view bytes;
  const std::size_t fixed = wire_type == 1 ? 8 : 4;
  switch (wire_type) {
  case 0:
    return take_varint(in, number);
  case 1:
  case 5:
    if (in.size() < fixed)
      return false;
    in.remove_prefix(fixed);
    return true;
  case 2:
    return take_bytes(in, bytes);
  default:
    return false;
  }
}

std::optional<std::size_t> whole_size(std::string_view four) {
  const auto size = get_size(four);
  if (size == 0 || size > longest_local_message)
    return std::nullopt;
  return size + local_frame;
}

} // namespace

void append_local_record(std::string& out, source from, std::int64_t time, std::string_view text,
                         bool partial) {
  const auto start = out.size();
  out.append(4, '\0');
  out += source_key;
  out += from == source::err ? std::string_view{"\6stderr"} : std::string_view{"\6stdout"};
  out += time_key;
  put_varint(out, static_cast<std::uint64_t>(time));
  if (!text.empty()) {
    out += line_key;
    put_varint(out, text.size());
    out += text;
  }
  if (partial)
    out.append({partial_key, 1});
  std::string size;
  put_size(size, out.size() - start - 4);
  out.replace(start, 4, size);
  out += size;
}

std::optional<std::size_t> local_size_before(std::string_view bytes) {
  if (bytes.size() < 5 || static_cast<unsigned char>(bytes[4]) != source_key)
    return std::nullopt;
  return whole_size(bytes.substr(0, 4));
}

std::optional<std::size_t> local_size_behind(std::string_view bytes) {
  if (bytes.size() < 4)
    return std::nullopt;
  return whole_size(bytes.substr(bytes.size() - 4));
}

bool read_local_record(std::string_view bytes, record& into, std::string& buffer) {
  if (local_size_before(bytes) != bytes.size() || local_size_behind(bytes) != bytes.size())
    return false;
  into = {};
  std::string_view line;
  bool has_time = false;
  auto message = bytes.substr(4, bytes.size() - local_frame);
  while (!message.empty()) {
    std::uint64_t key = 0;
    std::uint64_t number = 0;
    std::string_view text;
    if (!take_varint(message, key))
      return false;
    if (key == source_key) {
      if (!take_bytes(message, text))
        return false;
      into.from = text == "stderr" ? source::err : source::out;
    } else if (key == time_key) {
      if (!take_varint(message, number))
        return false;
      into.time = static_cast<std::int64_t>(number);
      has_time = true;
    } else if (key == line_key) {
      if (!take_bytes(message, line))
        return false;
    } else if (key == partial_key) {
      if (!take_varint(message, number))
        return false;
      into.partial = number != 0;
    } else if (!skip_field(message, key & 7)) {
      return false;
    }
  }
  buffer.assign(line);
  if (!into.partial)
    buffer += '\n';
  into.bytes = buffer;
  return has_time;
}

} // namespace gantry::logs
