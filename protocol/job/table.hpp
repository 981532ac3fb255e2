#pragma once

#include "protocol/job/env.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace gantry::job {

/// Rows of environments: what a job that lists things puts out (clauses B1, B2).
struct table {
  std::vector<env> rows;

  /// Sorts by the value of `key`, ascending and stable. Two int64 compare as numbers, two other
  /// texts byte by byte; of a mixed pair the empty text comes first, then the number.
  /// NOTE: 1.2.0 compares mixed pairs as bytes, which is no order (10 < 1a < 9 < 10).
  void sort(std::string_view key);
  /// The same, descending; equal rows keep their order.
  void reverse_sort(std::string_view key);
};

/// One JSON array, nothing after the `]`. `typed`: `[{"a":1},{"a":2}]`; `docker_1_2`: each row
/// with its newline, `[{"a":1}\n,{"a":2}\n]` (B1).
std::string encode_list(const table& t, compat mode = compat::typed);

/// The rows one after the other, each with its newline (B1).
std::string encode_rows(const table& t, compat mode = compat::typed);

/// Reads consecutive objects to the end of `text`, with or without white space between (T5).
/// Error: as `decode`; an empty text is an empty table.
result<table> decode_rows(std::string_view text, const decode_limits& limits = {});

/// Reads one array of objects; other elements are skipped (T5). `limits` hold for the whole array.
result<table> decode_list(std::string_view text, const decode_limits& limits = {});

} // namespace gantry::job
