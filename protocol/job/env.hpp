#pragma once

#include "protocol/error.hpp"

#include <boost/json/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gantry::job {

/// What a value of an `env` is. Decides how `encode` writes it; reading never depends on it alone.
enum class value_kind : std::uint8_t {
  string,  ///< text, also if it looks like a number
  integer, ///< a JSON integer within int64
  number,  ///< any other JSON number: a fraction, an exponent, beyond int64; its literal is kept
  boolean, ///< `true`/`false` from JSON, `1`/`0` from `set_bool`
  json,    ///< JSON text: compact, keys sorted
};

/// Whose rules an encoder follows.
enum class compat : std::uint8_t {
  typed,      ///< every value keeps its kind (K-15, K-16)
  docker_1_2, ///< the bytes of the 1.2.0 server: types are guessed from the text (clauses V3, V4)
};

/// The environment of a job: an ordered list of keys with typed values. A key may occur more than
/// once: `set` appends, the last value wins on reading (clause table 1.6). JSON null is the same as
/// absent (K-14).
///
/// Every value is held as one text, which `get` returns whatever the kind; so a copy costs a vector
/// of strings, and an empty environment owns nothing.
class env {
public:
  /// One key with its value.
  struct entry {
    std::string key;
    std::string text; ///< see `get`
    value_kind kind = value_kind::string;

    friend bool operator==(const entry&, const entry&) = default;
  };

  /// Key -> value, the last one of each key.
  using map_view = std::map<std::string, std::string, std::less<>>;
  /// Key -> all its values in order.
  using multi_map_view = std::map<std::string, std::vector<std::string>, std::less<>>;

  env() = default;
  /// Strings: `{{"signal", "KILL"}, {"t", "10"}}`.
  env(std::initializer_list<std::pair<std::string_view, std::string_view>> strings);
  /// Takes entries as `entries()` gave them.
  explicit env(std::vector<entry> entries) noexcept : entries_{std::move(entries)} {}

  /// Text of the last value of `key`; "" if absent. Strings as they are, numbers as their literal,
  /// booleans as `1`/`0` (`set_bool`) or `true`/`false` (from JSON), everything else as compact
  /// JSON. Valid until the next change.
  const std::string& get(std::string_view key) const& noexcept;
  std::string get(std::string_view key) const&& { return std::as_const(*this).get(key); }
  /// The last entry of `key`, or null. Valid until the next change.
  const entry* find(std::string_view key) const noexcept;
  /// True if `key` has a value, even an empty one.
  bool exists(std::string_view key) const noexcept { return find(key) != nullptr; }

  /// Number of distinct keys.
  std::size_t size() const;
  bool empty() const noexcept { return entries_.empty(); }
  /// All entries in order, duplicates included.
  const std::vector<entry>& entries() const noexcept { return entries_; }
  /// Calls `f(key, text)` for every entry in order, duplicates included.
  template <class F>
  void for_each(F&& f) const {
    for (const auto& e : entries_)
      f(e.key, e.text);
  }
  map_view map() const;
  multi_map_view multi_map() const;

  /// Appends a string.
  void set(std::string key, std::string value);
  /// Appends `KEY=VALUE`, split at the first `=`. Without a `=`: false, and nothing is appended.
  bool set_assignment(std::string_view assignment);
  /// Removes all values of `key`; the number of them.
  std::size_t erase(std::string_view key);
  void clear() noexcept { entries_.clear(); }
  /// Replaces the content by that of `source`.
  void init(env source) { entries_ = std::move(source.entries_); }
  /// Replaces the content by strings.
  void init_multi_map(const multi_map_view& source);
  /// Appends all entries of `other`.
  void append(const env& other);
  /// Appends the members of a JSON object, as `decode` reads them. Error: `invalid_parameter`, text
  /// `ImportEnv: ...`, if it is not an object; nothing is appended then.
  result<void> import_from(const boost::json::value& object);

  /// K-7: absent, "", `0`, `no`, `false`, `none` (any case, blanks and tabs around ignored) are
  /// false, everything else is true: `off`, `f`, `n` too. A JSON number is false if it is zero.
  bool get_bool(std::string_view key) const noexcept;
  /// Appends a boolean; `get` sees `1` or `0`, `encode` writes `true` or `false`.
  void set_bool(std::string key, bool value);

  /// Decimal integer, blanks and tabs around ignored; of a fractional JSON number the integer part.
  /// 0 if absent, malformed or out of range.
  std::int64_t get_int64(std::string_view key) const noexcept;
  /// As `get_int64`; 0 also if it does not fit an int.
  int get_int(std::string_view key) const noexcept;
  /// As `get_int64`, but says what is wrong. Error: `invalid_parameter` if absent, malformed, a
  /// fraction or out of range.
  result<std::int64_t> strict_int64(std::string_view key) const;
  /// As `strict_int64`, for int.
  result<int> strict_int(std::string_view key) const;
  /// Appends an integer.
  void set_int(std::string key, std::int64_t value);

  /// Absent or "": no elements. A JSON array of strings: its elements. Anything else: the whole
  /// text as the only element.
  std::vector<std::string> get_list(std::string_view key) const;
  /// Appends a JSON array of strings.
  void set_list(std::string key, const std::vector<std::string>& values);

  /// The value as JSON; a string is parsed as JSON text. Absent or "": null. Numbers beyond 64 bits
  /// become doubles. Error: `invalid_parameter` if it is not JSON. Callers include
  /// <boost/json/value.hpp>.
  result<boost::json::value> get_json(std::string_view key) const;
  /// Appends JSON. `get` sees the compact text (a string with its quotes, V5). Null: as `erase`.
  void set_json(std::string key, const boost::json::value& value);

  /// The value as an environment; nothing if it is absent or not an object.
  std::optional<env> get_sub_env(std::string_view key) const;
  /// Appends `sub` as a JSON object, encoded by the rules of `mode`. `get` sees it without a final
  /// newline.
  void set_sub_env(std::string key, const env& sub, compat mode = compat::typed);

  /// Same entries in the same order.
  friend bool operator==(const env&, const env&) = default;

private:
  std::vector<entry> entries_;
};

/// Bounds for `decode`.
struct decode_limits {
  std::size_t max_bytes = 4u << 20; ///< size of the text of one object
  std::size_t max_depth = 64;       ///< levels of arrays and objects, the outermost included
};

/// Reads one JSON object from the front of `text` (V1); what follows is ignored. Of a repeated
/// member the last one counts; null members are left out (K-14); bytes and escapes that are no
/// Unicode become U+FFFD. Error: `invalid_parameter`; `EOF` if there is only white space,
/// `unexpected EOF` if the object does not end.
result<env> decode(std::string_view text, const decode_limits& limits = {});

/// The same; `consumed` becomes the number of bytes taken, the object and the white space around
/// it, so that consecutive objects are read one by one (T5). On error it is where reading stopped.
result<env> decode(std::string_view text, std::size_t& consumed, const decode_limits& limits = {});

/// Writes one JSON object: keys in byte order, the last value of each, `<`, `>`, `&`, U+2028 and
/// U+2029 as `\uXXXX`, one final newline (V3).
std::string encode(const env& e, compat mode = compat::typed);

} // namespace gantry::job
