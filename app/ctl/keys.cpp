#include "app/ctl/keys.hpp"

#include "protocol/text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

namespace gantry::ctl {

namespace {

using named_key = std::pair<std::string_view, key>;

/// What follows ESC [ or ESC O, its parameters for Shift, Ctrl and Alt left out.
constexpr auto sequences = std::to_array<named_key>({
    {"A", key::up},       {"B", key::down},       {"C", key::right}, {"D", key::left},
    {"H", key::home},     {"F", key::end},        {"1~", key::home}, {"4~", key::end},
    {"5~", key::page_up}, {"6~", key::page_down}, {"7~", key::home}, {"8~", key::end},
    {"P", key::f1},       {"Q", key::f2},         {"R", key::f3},    {"S", key::f4},
    {"11~", key::f1},     {"12~", key::f2},       {"13~", key::f3},  {"14~", key::f4},
    {"15~", key::f5},     {"17~", key::f6},       {"18~", key::f7},  {"19~", key::f8},
    {"20~", key::f9},     {"21~", key::f10},      {"[A", key::f1},   {"[B", key::f2},
    {"[C", key::f3},      {"[D", key::f4},        {"[E", key::f5},
});

constexpr auto controls = std::to_array<std::pair<char, key>>({
    {'\r', key::enter},
    {'\n', key::enter},
    {'\x7f', key::backspace},
    {'\b', key::backspace},
    {'\x0c', key::redraw},
    {'\x03', key::interrupt},
    {'\x1a', key::suspend},
});

/// The end of what follows ESC [ or ESC O at the front of `rest`; none if it is not there yet.
std::optional<std::size_t> sequence_size(std::string_view rest) {
  std::size_t at = rest.starts_with('[') ? 1 : 0; // NOTE: the Linux console's F1 is ESC [ [ A
  while (at < rest.size() && rest[at] >= 0x20 && rest[at] < 0x40)
    ++at;
  if (at == rest.size())
    return std::nullopt;
  return at + 1;
}

/// `1;5A` as `A`, `5;2~` as `5~`.
std::string without_modifiers(std::string_view sequence) {
  const auto semicolon = sequence.find(';');
  if (semicolon == std::string_view::npos)
    return std::string{sequence};
  const auto front = sequence.substr(0, semicolon);
  const auto last = sequence.substr(sequence.size() - 1);
  return std::string{last == "~" ? front : std::string_view{}}.append(last);
}

} // namespace

std::vector<key_press> key_reader::feed(std::string_view bytes) {
  bytes_ += bytes;
  std::vector<key_press> out;
  while (!bytes_.empty()) {
    const auto used = take(bytes_, false, out);
    if (used == 0)
      break;
    bytes_.erase(0, used);
  }
  return out;
}

std::vector<key_press> key_reader::flush() {
  std::vector<key_press> out;
  while (!bytes_.empty())
    bytes_.erase(0, take(bytes_, true, out));
  return out;
}

std::size_t key_reader::take(std::string_view bytes, bool at_end, std::vector<key_press>& out) {
  const auto first = static_cast<unsigned char>(bytes[0]);
  if (first == 0x1b) {
    const bool begins_sequence = bytes.size() > 1 && (bytes[1] == '[' || bytes[1] == 'O');
    if (bytes.size() == 1 && !at_end)
      return 0;
    if (!begins_sequence) {
      out.push_back({key::escape, {}});
      return 1;
    }
    const auto size = sequence_size(bytes.substr(2));
    if (!size && !at_end)
      return 0;
    if (!size) {
      out.push_back({key::escape, {}});
      return bytes.size();
    }
    const auto name = without_modifiers(bytes.substr(2, *size));
    const auto* found = std::find_if(sequences.begin(), sequences.end(),
                                     [&name](const named_key& k) { return k.first == name; });
    if (found != sequences.end())
      out.push_back({found->second, {}});
    return 2 + *size;
  }
  if (first < 0x20 || first == 0x7f) {
    const auto* found = std::find_if(controls.begin(), controls.end(),
                                     [&bytes](const auto& c) { return c.first == bytes[0]; });
    if (found != controls.end())
      out.push_back({found->second, {}});
    return 1;
  }
  const auto size = utf8_sequence(bytes);
  constexpr std::size_t longest_character = 4;
  if (size == 0 && first >= 0xc2 && bytes.size() < longest_character && !at_end)
    return 0;
  if (size > 0)
    out.push_back({key::character, std::string{bytes.substr(0, size)}});
  return std::max<std::size_t>(size, 1);
}

} // namespace gantry::ctl
