#include "protocol/container/addresses.hpp"

#include <arpa/inet.h>

#include <cstddef>
#include <string_view>

namespace gantry::container {

namespace {

bool is_hex(std::string_view text) noexcept {
  return text.find_first_not_of("0123456789abcdefABCDEF") == text.npos;
}

// Groups of `width` digits; the number of bytes, 0 if it is something else.
std::size_t bytes_in_groups(std::string_view text, char separator, std::size_t width) noexcept {
  std::size_t bytes = 0;
  for (;;) {
    if (text.size() < width || !is_hex(text.substr(0, width)))
      return 0;
    bytes += width / 2;
    text.remove_prefix(width);
    if (text.empty())
      return bytes;
    if (text.front() != separator)
      return 0;
    text.remove_prefix(1);
  }
}

} // namespace

bool is_ipv4(const std::string& text) noexcept {
  in_addr address{};
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1;
}

bool is_ipv6(const std::string& text) noexcept {
  in6_addr address{};
  return ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool is_mac_address(const std::string& text) noexcept {
  std::size_t bytes = 0;
  if (text.size() > 2 && (text[2] == ':' || text[2] == '-'))
    bytes = bytes_in_groups(text, text[2], 2);
  else
    bytes = bytes_in_groups(text, '.', 4);
  return bytes == 6 || bytes == 8 || bytes == 20;
}

} // namespace gantry::container
