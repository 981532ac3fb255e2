#pragma once

#include "protocol/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace gantry::container {

/// What ends a session with a terminal if nothing else was asked for: ctrl-p, ctrl-q.
inline constexpr std::string_view default_detach_keys{"\x10\x11"};

/// Reads the `detachKeys` of an attach or exec: a list with commas of single characters and
/// `ctrl-X`, X being a letter in lower case or one of `@[\]^_`. Empty means the default. Error
/// (invalid_parameter): `Invalid detach keys (X) provided`.
result<std::string> parse_detach_keys(std::string_view text);

/// Looks for detach keys in what a client types, piece by piece.
///
/// As in dockerd a key that breaks a sequence is not taken for the beginning of the next: after
/// ctrl-p, ctrl-p, ctrl-q the session goes on.
class detach_key_filter {
public:
  /// Without keys nothing is found, and nothing held back.
  explicit detach_key_filter(std::string keys = {}) : keys_{std::move(keys)} {}

  /// Appends the input that is not part of the keys to `out`. What may be their beginning is held
  /// back until more comes. True once they are complete; what comes after them is not looked at.
  bool take(std::string_view input, std::string& out);
  /// The input has ended: appends what is held back.
  void finish(std::string& out);

private:
  std::string keys_;
  std::size_t matched_ = 0;
};

} // namespace gantry::container
