#include "protocol/job/table.hpp"

#include "protocol/job/json_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>

namespace gantry::job {
namespace {

// What a row is sorted by.
struct sort_value {
  enum kind_type : std::uint8_t { absent, number, text } kind = absent;
  std::int64_t n = 0;
  std::string_view s;

  explicit sort_value(std::string_view value) : s{value} {
    if (value.empty())
      return;
    auto digits = value;
    if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-')
      digits.remove_prefix(1);
    const auto end = digits.data() + digits.size();
    const auto r = std::from_chars(digits.data(), end, n);
    kind = r.ec == std::errc{} && r.ptr == end ? number : text;
  }

  bool operator<(const sort_value& other) const {
    if (kind != other.kind)
      return kind < other.kind;
    return kind == number ? n < other.n : s < other.s;
  }
};

template <class Less>
void sort_rows(std::vector<env>& rows, std::string_view key, Less less) {
  std::vector<sort_value> values;
  values.reserve(rows.size());
  for (const auto& row : rows)
    values.emplace_back(row.get(key));
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return less(values[a], values[b]); });
  std::vector<env> sorted;
  sorted.reserve(rows.size());
  for (const auto i : order)
    sorted.push_back(std::move(rows[i]));
  rows = std::move(sorted);
}

} // namespace

void table::sort(std::string_view key) {
  sort_rows(rows, key, [](const auto& a, const auto& b) { return a < b; });
}

void table::reverse_sort(std::string_view key) {
  sort_rows(rows, key, [](const auto& a, const auto& b) { return b < a; });
}

std::string encode_list(const table& t, compat mode) {
  std::string out = "[";
  for (const auto& row : t.rows) {
    if (out.size() > 1)
      out += ',';
    out += encode(row, mode);
    if (mode == compat::typed)
      out.pop_back();
  }
  out += ']';
  return out;
}

std::string encode_rows(const table& t, compat mode) {
  std::string out;
  for (const auto& row : t.rows)
    out += encode(row, mode);
  return out;
}

result<table> decode_rows(std::string_view text, const decode_limits& limits) {
  table t;
  while (text.find_first_not_of(" \t\r\n") != std::string_view::npos) {
    std::size_t consumed = 0;
    auto row = decode(text, consumed, limits);
    if (!row)
      return row.error();
    t.rows.push_back(std::move(*row));
    text.remove_prefix(consumed);
  }
  return t;
}

result<table> decode_list(std::string_view text, const decode_limits& limits) {
  auto objects = detail::read_objects(text, limits);
  if (!objects)
    return objects.error();
  table t;
  t.rows.reserve(objects->size());
  for (const auto& object : *objects) {
    auto row = decode(object.text, limits);
    if (!row)
      return row.error();
    t.rows.push_back(std::move(*row));
  }
  return t;
}

} // namespace gantry::job
