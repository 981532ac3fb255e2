#include "protocol/http/form.hpp"

#include "protocol/http/message.hpp"
#include "protocol/http/syntax.hpp"
#include "protocol/text.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <iterator>
#include <system_error>

namespace gantry::http {

namespace {

result<std::string> unescape(std::string_view raw, bool plus_is_space) {
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (raw[i] != '%') {
      out += raw[i];
    } else {
      const auto escape = raw.substr(i, 3);
      const int high = escape.size() == 3 ? hex_value(escape[1]) : -1;
      const int low = escape.size() == 3 ? hex_value(escape[2]) : -1;
      if (high < 0 || low < 0)
        return invalid("invalid URL escape " + quoted(escape));
      out += static_cast<char>(high << 4 | low);
      i += 2;
    }
  }
  return out;
}

} // namespace

std::string_view form_values::get(std::string_view key) const noexcept {
  for (const auto& [k, v] : pairs_)
    if (k == key)
      return v;
  return {};
}

bool form_values::has(std::string_view key) const noexcept {
  return std::any_of(pairs_.begin(), pairs_.end(), [&](const auto& p) { return p.first == key; });
}

std::vector<std::string_view> form_values::all(std::string_view key) const {
  std::vector<std::string_view> found;
  for (const auto& [k, v] : pairs_)
    if (k == key)
      found.emplace_back(v);
  return found;
}

bool form_values::flag(std::string_view key, bool absent) const noexcept {
  return has(key) ? truthy(get(key)) : absent;
}

void form_values::add(std::string key, std::string value) {
  pairs_.emplace_back(std::move(key), std::move(value));
}

void form_values::append(form_values other) {
  pairs_.insert(pairs_.end(), std::make_move_iterator(other.pairs_.begin()),
                std::make_move_iterator(other.pairs_.end()));
}

result<form_values> parse_query(std::string_view raw) {
  if (raw.find(';') != raw.npos)
    return invalid("invalid semicolon separator in query");
  form_values values;
  while (!raw.empty()) {
    const auto end = raw.find('&');
    const auto part = raw.substr(0, end);
    raw.remove_prefix(end == raw.npos ? raw.size() : end + 1);
    if (part.empty())
      continue;
    const auto equals = part.find('=');
    auto key = unescape(part.substr(0, equals), true);
    if (!key)
      return key.error();
    auto value = unescape(equals == part.npos ? std::string_view{} : part.substr(equals + 1), true);
    if (!value)
      return value.error();
    values.add(std::move(*key), std::move(*value));
  }
  return values;
}

result<std::string> decode_path(std::string_view raw) { return unescape(raw, false); }

bool truthy(std::string_view text) noexcept {
  text = trim_space(text);
  return !text.empty() && text != "0" && !iequals(text, "no") && !iequals(text, "false") &&
         !iequals(text, "none");
}

result<std::int64_t> parse_int(std::string_view text) {
  // from_chars knows the minus but not the plus.
  auto digits = text;
  if (digits.starts_with('+') && !digits.starts_with("+-"))
    digits.remove_prefix(1);
  std::int64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, ec] = std::from_chars(digits.data(), end, value);
  if (ec == std::errc::invalid_argument || stop != end)
    return invalid("strconv.Atoi: parsing " + quoted(text) + ": invalid syntax");
  if (ec == std::errc::result_out_of_range)
    return invalid("strconv.Atoi: parsing " + quoted(text) + ": value out of range");
  return value;
}

result<std::uint64_t> parse_uint(std::string_view text, std::uint64_t max) {
  const bool negative = text.starts_with('-');
  if (negative)
    text.remove_prefix(1);
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, ec] = std::from_chars(text.data(), end, value);
  if (ec == std::errc::invalid_argument || stop != end)
    return invalid("invalid syntax");
  if (ec == std::errc::result_out_of_range || negative || value > max)
    return invalid("value out of range");
  return value;
}

} // namespace gantry::http
