#pragma once

#include "protocol/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gantry::http {

/// Decoded `key=value` pairs of a query or of an `application/x-www-form-urlencoded` body, in the
/// order sent; a key may occur several times. Keys are exact: case matters.
class form_values {
public:
  using value_type = std::pair<std::string, std::string>;

  form_values() = default;
  explicit form_values(std::vector<value_type> pairs) noexcept : pairs_(std::move(pairs)) {}

  /// The first value of `key`, or "".
  std::string_view get(std::string_view key) const noexcept;
  /// True if `key` occurs, with or without a value.
  bool has(std::string_view key) const noexcept;
  /// All values of `key` in order.
  std::vector<std::string_view> all(std::string_view key) const;
  /// `truthy` of the first value; `absent` if the key does not occur.
  bool flag(std::string_view key, bool absent = false) const noexcept;

  /// Appends a pair behind the others.
  void add(std::string key, std::string value);
  /// Appends all of `other`: form bodies come before the query (clause Q5).
  void append(form_values other);

  bool empty() const noexcept { return pairs_.empty(); }
  std::size_t size() const noexcept { return pairs_.size(); }
  auto begin() const noexcept { return pairs_.begin(); }
  auto end() const noexcept { return pairs_.end(); }

  friend bool operator==(const form_values&, const form_values&) = default;

private:
  std::vector<value_type> pairs_;
};

/// Splits and decodes a raw query or form body: `&` separates, the first `=` splits, `+` is a
/// space,
/// `%XX` a byte; empty parts are skipped. Errors (invalid_parameter): `invalid URL escape "%zz"`,
/// `invalid semicolon separator in query` (a `;` anywhere; `%3B` is fine).
result<form_values> parse_query(std::string_view raw);

/// Decodes `%XX` in a path; `+` stays. Error (invalid_parameter): `invalid URL escape "%zz"`.
result<std::string> decode_path(std::string_view raw);

/// The rule for booleans of queries and of typed environments: empty, `0`, `no`, `false` and `none`
/// in any case and with white space around are false, everything else is true.
bool truthy(std::string_view text) noexcept;

/// A decimal number with an optional sign, as Go's Atoi reads it. Errors (invalid_parameter):
/// `strconv.Atoi: parsing "x": invalid syntax`, `strconv.Atoi: parsing "x": value out of range`.
result<std::int64_t> parse_int(std::string_view text);

/// A decimal number from 0 to `max`. Errors (invalid_parameter), for the caller to put in front
/// what was meant, as in `invalid resize height "x": invalid syntax`: `invalid syntax`, `value out
/// of range` (too large, or negative).
result<std::uint64_t> parse_uint(std::string_view text, std::uint64_t max);

} // namespace gantry::http
