#pragma once

#include "protocol/error.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::api {

/// The `filters` query parameter. Values of one key are ORed, except labels; keys are ANDed.
/// A key that was not sent lets everything pass.
class filters {
public:
  /// Reads a map of sets (`{"label":{"a=b":true}}`) or a map of lists (`{"label":["a=b"]}`).
  /// Empty text and `null` mean no filter. Errors: invalid_parameter `invalid filter`.
  static result<filters> parse(std::string_view json);

  bool empty() const noexcept { return values_.empty(); }
  bool contains(std::string_view key) const { return values_.find(key) != values_.end(); }
  /// The values of `key` in byte order without repetitions; empty if it was not sent.
  std::span<const std::string> values(std::string_view key) const;
  /// Adds a value.
  void add(std::string_view key, std::string_view value);

  /// Checks that only `allowed` keys were sent. Errors: invalid_parameter `invalid filter 'KEY'`.
  result<void> allow_only(std::span<const std::string_view> allowed) const;

  /// A key that says yes or no; nothing if it was not sent. Errors: invalid_parameter
  /// `invalid filter 'KEY=[a b]'` for other values, for none, and for yes and no together.
  result<std::optional<bool>> boolean(std::string_view key) const;

  /// One of the values equals `source`.
  bool match_exact(std::string_view key, std::string_view source) const;
  /// One of the values equals `source` or begins it.
  bool match_fuzzy(std::string_view key, std::string_view source) const;
  /// One of the values equals `source` or is a regular expression (RE2) found in it. Expressions
  /// that do not compile match nothing.
  bool match_regex(std::string_view key, std::string_view source) const;
  /// All values, `NAME` or `NAME=VALUE`, are among the labels.
  bool match_labels(std::string_view key,
                    const std::map<std::string, std::string, std::less<>>& labels) const;

  /// The list form, keys sorted: what jobs get. Empty if there is no filter.
  std::string to_json() const;

private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

/// The lists that can be filtered and check their keys.
enum class filtered { containers, images, networks, volumes, plugins };

/// Checks keys and values of `f` as the list does before it looks at any object (Engine API 1.50).
/// Errors: invalid_parameter with the text of section 3.
result<void> validate(const filters& f, filtered list);

} // namespace gantry::api
