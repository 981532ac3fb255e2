#pragma once

#include "protocol/job/env.hpp"

#include <boost/json/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Inside of protocol/job: JSON text -> entries and compact text, with number literals kept.
namespace gantry::job::detail {

/// What becomes of numbers when JSON is rewritten.
enum class numbers : std::uint8_t {
  keep,     ///< the literal, whatever its size
  truncate, ///< as 1.2.0: via double to int64, beyond it the smallest int64
};

/// Reads one object from the front of `text`: its members sorted by key, the last one of each key,
/// null left out. `consumed`: see `decode`.
result<std::vector<env::entry>> read_members(std::string_view text, std::size_t& consumed,
                                             const decode_limits& limits);

/// Reads one array from the front of `text`: its elements, those that are objects have kind `json`
/// and their compact text; all others are left out.
result<std::vector<env::entry>> read_objects(std::string_view text, const decode_limits& limits);

/// Rewrites the one JSON value that `text` consists of: compact, keys sorted, escapes as
/// `encode` has them. Nothing if it is not JSON.
std::optional<std::string> compact_json(std::string_view text, numbers mode);

/// Appends `value` as `compact_json` writes it.
void append_json(std::string& out, const boost::json::value& value);

/// Integer part of a JSON number literal; nothing if it does not fit. `exact` becomes false if a
/// fraction was cut off.
std::optional<std::int64_t> integer_part(std::string_view literal, bool& exact) noexcept;

/// True if the JSON number literal has a value other than zero.
bool is_nonzero(std::string_view literal) noexcept;

} // namespace gantry::job::detail
