#include "protocol/http/syntax.hpp"

#include "protocol/http/message.hpp"
#include "protocol/text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace gantry::http {

namespace {

/// Unreserved bytes and sub-delims of RFC 3986; `%` is looked at apart.
constexpr auto host_bytes =
    detail::byte_set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                     "-._~!$&'()*+,;=");

bool is_host_byte(char c) noexcept { return host_bytes[static_cast<unsigned char>(c)]; }

bool is_port(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The inside of `[...]`: an IPv6 address, with or without zone, or a future kind.
bool is_ip_literal(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_host_byte(c) || c == ':' || c == '%';
  });
}

bool is_registered_name(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_host_byte(text[i]))
      continue;
    if (text[i] != '%' || text.size() - i < 3 || hex_value(text[i + 1]) < 0 ||
        hex_value(text[i + 2]) < 0)
      return false;
    i += 2;
  }
  return true;
}

} // namespace

std::size_t find_control_byte(std::string_view text, std::size_t from, std::size_t to) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t tops = 0x80 * ones;
  while (to - from >= 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + from, 8);
    const std::uint64_t del = word ^ (0x7f * ones);
    // A top bit is set in the first byte that is below 0x20 or 0x7f; later ones may be wrong.
    if ((((word - 0x20 * ones) & ~word) | ((del - ones) & ~del)) & tops)
      for (std::size_t i = from; i < from + 8; ++i)
        if (is_control_byte(text[i]))
          return i;
    from += 8;
  }
  while (from < to && !is_control_byte(text[from]))
    ++from;
  return from;
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_byte);
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

std::string_view next_element(std::string_view& list) noexcept {
  while (!list.empty()) {
    const auto comma = list.find(',');
    const auto element = trim(list.substr(0, comma));
    list.remove_prefix(comma == list.npos ? list.size() : comma + 1);
    if (!element.empty())
      return element;
  }
  return {};
}

bool list_has(std::string_view list, std::string_view token) noexcept {
  for (auto e = next_element(list); !e.empty(); e = next_element(list))
    if (iequals(e, token))
      return true;
  return false;
}

bool is_host(std::string_view text) noexcept {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos || !is_ip_literal(text.substr(1, end - 1)))
      return false;
    const auto rest = text.substr(end + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  const auto colon = text.find(':');
  if (colon == text.npos)
    return is_registered_name(text);
  // A port without a name is nobody's address.
  return colon > 0 && is_registered_name(text.substr(0, colon)) && is_port(text.substr(colon + 1));
}

} // namespace gantry::http
