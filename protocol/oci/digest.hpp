#pragma once

#include "protocol/error.hpp"

#include <compare>
#include <string>
#include <string_view>

namespace gantry::oci {

/// The name of some content by what is in it: `sha256:HEX`. A value of this type was checked when
/// it was made; one that was default-constructed names nothing and is `empty()`.
class digest {
public:
  digest() = default;

  /// Reads `ALGORITHM:HEX` (sha256, sha384 or sha512; hex in lower case). Errors:
  /// invalid_parameter `invalid checksum digest format`, `invalid checksum digest length`,
  /// `unsupported digest algorithm`.
  static result<digest> parse(std::string_view text);

  /// Reads 64 lower case hex digits as a sha256 digest. Errors: as `parse`.
  static result<digest> from_hex(std::string_view hex);

  /// The sha256 digest that has those 32 raw bytes. Any other length is a bug of the caller.
  static digest from_raw(std::string_view bytes);

  bool empty() const noexcept { return text_.empty(); }

  /// `sha256:HEX`.
  const std::string& str() const noexcept { return text_; }

  /// `sha256`.
  std::string_view algorithm() const noexcept;

  /// What follows the colon.
  std::string_view hex() const noexcept;

  /// The first 12 digits: what people see of an id.
  std::string_view short_id() const noexcept { return hex().substr(0, 12); }

  friend bool operator==(const digest&, const digest&) = default;
  friend std::strong_ordering operator<=>(const digest&, const digest&) = default;

private:
  explicit digest(std::string text) : text_{std::move(text)} {}

  std::string text_;
};

/// The sha256 digest of `bytes`.
digest sha256_of(std::string_view bytes);

/// `text` without an `ALGORITHM:` before it, cut to 12 bytes: how dockerd shortens whatever it is
/// given.
std::string_view short_id(std::string_view text) noexcept;

/// True for 64 lower case hex digits: what is an id and never a name.
bool is_full_id(std::string_view text) noexcept;

/// The lower case hex digits that `text` searches ids for: `ab12` of `ab12` and of `sha256:ab12`;
/// nothing ("") if `text` cannot be the front of an id.
std::string_view id_prefix(std::string_view text) noexcept;

} // namespace gantry::oci
