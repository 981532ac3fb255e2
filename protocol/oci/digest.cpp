#include "protocol/oci/digest.hpp"

#include "protocol/text.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <new>

namespace gantry::oci {

namespace {

constexpr std::size_t sha256_digits = 64;
constexpr std::string_view sha256_prefix = "sha256:";

bool is_lower_hex(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

api_error invalid_format() { return {errc::invalid_parameter, "invalid checksum digest format"}; }

// Hex digits of a digest by that algorithm; 0 if it is none of ours.
std::size_t digits_of(std::string_view algorithm) noexcept {
  if (algorithm == "sha256")
    return sha256_digits;
  if (algorithm == "sha384")
    return 96;
  if (algorithm == "sha512")
    return 128;
  return 0;
}

// `[a-z0-9]+` parts, joined by one of `.+_-` each.
bool is_algorithm_name(std::string_view text) noexcept {
  bool part = false; // the last byte belongs to a part
  for (char c : text) {
    if (is_lower(c) || is_digit(c))
      part = true;
    else if (part && (c == '.' || c == '+' || c == '_' || c == '-'))
      part = false;
    else
      return false;
  }
  return part;
}

bool is_encoded(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_lower(c) || is_digit(c) || is_upper(c) || c == '=' || c == '_' || c == '-';
  });
}

} // namespace

result<digest> digest::parse(std::string_view text) {
  auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size())
    return invalid_format();
  auto algorithm = text.substr(0, colon);
  auto encoded = text.substr(colon + 1);
  auto digits = digits_of(algorithm);
  if (digits == 0) {
    if (!is_algorithm_name(algorithm) || !is_encoded(encoded))
      return invalid_format();
    return api_error{errc::invalid_parameter, "unsupported digest algorithm"};
  }
  if (encoded.size() != digits)
    return api_error{errc::invalid_parameter, "invalid checksum digest length"};
  if (!is_lower_hex(encoded))
    return invalid_format();
  return digest{std::string{text}};
}

result<digest> digest::from_hex(std::string_view hex) {
  std::string text{sha256_prefix};
  text += hex;
  return parse(text);
}

digest digest::from_raw(std::string_view bytes) {
  static constexpr char hex[] = "0123456789abcdef";
  assert(bytes.size() * 2 == sha256_digits);
  std::string text;
  text.reserve(sha256_prefix.size() + sha256_digits);
  text += sha256_prefix;
  for (char c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    text += hex[byte >> 4];
    text += hex[byte & 15];
  }
  return digest{std::move(text)};
}

std::string_view digest::algorithm() const noexcept {
  std::string_view text{text_};
  return text.substr(0, std::min(text.find(':'), text.size()));
}

std::string_view digest::hex() const noexcept {
  std::string_view text{text_};
  return text.substr(std::min(text.find(':') + 1, text.size()));
}

digest sha256_of(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), hash.data(), &size, EVP_sha256(), nullptr) != 1)
    throw std::bad_alloc{}; // NOTE: the only way in which OpenSSL fails here
  return digest::from_raw({reinterpret_cast<const char*>(hash.data()), size});
}

std::string_view short_id(std::string_view text) noexcept {
  if (auto colon = text.find(':'); colon != std::string_view::npos)
    text.remove_prefix(colon + 1);
  return text.substr(0, 12);
}

bool is_full_id(std::string_view text) noexcept {
  return text.size() == sha256_digits && is_lower_hex(text);
}

std::string_view id_prefix(std::string_view text) noexcept {
  if (text.starts_with(sha256_prefix))
    text.remove_prefix(sha256_prefix.size());
  return text.size() <= sha256_digits && is_lower_hex(text) ? text : std::string_view{};
}

} // namespace gantry::oci
