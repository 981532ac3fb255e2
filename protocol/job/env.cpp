#include "protocol/job/env.hpp"

#include "protocol/job/json_reader.hpp"
#include "protocol/stream/json_text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>

namespace gantry::job {
namespace {

namespace json = boost::json;

std::string_view trim_blanks(std::string_view s) {
  const auto begin = s.find_first_not_of(" \t");
  if (begin == std::string_view::npos)
    return {};
  return s.substr(begin, s.find_last_not_of(" \t") - begin + 1);
}

bool equals_lower(std::string_view s, std::string_view lower) {
  return std::equal(s.begin(), s.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
  });
}

enum class number_error : std::uint8_t { none, malformed, fraction, range };

struct integer {
  std::int64_t value = 0; // integer part also if there is a fraction
  number_error error = number_error::none;
};

integer to_integer(const env::entry& e) noexcept {
  if (e.kind == value_kind::number) {
    bool exact = true;
    const auto n = detail::integer_part(e.text, exact);
    if (!n)
      return {0, number_error::range};
    return {*n, exact ? number_error::none : number_error::fraction};
  }
  auto s = trim_blanks(e.text);
  if (s.size() > 1 && s[0] == '+' && s[1] != '-')
    s.remove_prefix(1);
  std::int64_t n = 0;
  const auto r = std::from_chars(s.data(), s.data() + s.size(), n);
  if (r.ptr != s.data() + s.size() || r.ec == std::errc::invalid_argument)
    return {0, number_error::malformed};
  if (r.ec == std::errc::result_out_of_range)
    return {0, number_error::range};
  return {n, number_error::none};
}

api_error bad(std::string text) { return {errc::invalid_parameter, std::move(text)}; }

api_error bad_integer(std::string_view key, std::string_view text, number_error error) {
  const char* const why = error == number_error::range      ? "out of range"
                          : error == number_error::fraction ? "not a whole number"
                                                            : "not a number";
  return bad("invalid value '" + std::string{text} + "' for '" + std::string{key} + "': " + why);
}

// The last entry of each key, sorted by key.
std::vector<const env::entry*> last_of_each(const env& e) {
  std::vector<const env::entry*> sorted;
  sorted.reserve(e.entries().size());
  for (const auto& x : e.entries())
    sorted.push_back(&x);
  std::sort(sorted.begin(), sorted.end(), [](const env::entry* a, const env::entry* b) {
    const int c = a->key.compare(b->key);
    return c != 0 ? c < 0 : a > b; // of equal keys the last comes first
  });
  const auto same = [](const env::entry* a, const env::entry* b) { return a->key == b->key; };
  sorted.erase(std::unique(sorted.begin(), sorted.end(), same), sorted.end());
  return sorted;
}

bool is_set(const env::entry& boolean) { return boolean.text == "1" || boolean.text == "true"; }

void append_typed(std::string& out, const env::entry& e) {
  switch (e.kind) {
  case value_kind::string:
    stream::append_json_string(out, e.text);
    break;
  case value_kind::boolean:
    out += is_set(e) ? "true" : "false";
    break;
  case value_kind::integer:
  case value_kind::number:
  case value_kind::json:
    out += e.text;
    break;
  }
}

void append_guessed(std::string& out, const env::entry& e) {
  if (const auto compact = detail::compact_json(e.text, detail::numbers::truncate))
    out += *compact;
  else
    stream::append_json_string(out, e.text);
}

// The object without a final newline.
std::string encode_object(const env& e, compat mode) {
  std::string out = "{";
  for (const auto* x : last_of_each(e)) {
    if (out.size() > 1)
      out += ',';
    stream::append_json_string(out, x->key);
    out += ':';
    if (mode == compat::typed)
      append_typed(out, *x);
    else
      append_guessed(out, *x);
  }
  out += '}';
  return out;
}

json::value parse_json(std::string_view text, json::error_code& ec) {
  json::parse_options options;
  options.max_depth = decode_limits{}.max_depth;
  return json::parse(text, ec, {}, options);
}

} // namespace

env::env(std::initializer_list<std::pair<std::string_view, std::string_view>> strings) {
  entries_.reserve(strings.size());
  for (const auto& [key, value] : strings)
    set(std::string{key}, std::string{value});
}

const env::entry* env::find(std::string_view key) const noexcept {
  const auto it = std::find_if(entries_.rbegin(), entries_.rend(),
                               [&](const entry& e) { return e.key == key; });
  return it == entries_.rend() ? nullptr : &*it;
}

const std::string& env::get(std::string_view key) const& noexcept {
  static const std::string none;
  const auto* e = find(key);
  return e ? e->text : none;
}

std::size_t env::size() const { return last_of_each(*this).size(); }

env::map_view env::map() const {
  map_view m;
  for (const auto& e : entries_)
    m.insert_or_assign(e.key, e.text);
  return m;
}

env::multi_map_view env::multi_map() const {
  multi_map_view m;
  for (const auto& e : entries_)
    m[e.key].push_back(e.text);
  return m;
}

void env::set(std::string key, std::string value) {
  entries_.push_back({std::move(key), std::move(value), value_kind::string});
}

bool env::set_assignment(std::string_view assignment) {
  const auto at = assignment.find('=');
  if (at == std::string_view::npos)
    return false;
  set(std::string{assignment.substr(0, at)}, std::string{assignment.substr(at + 1)});
  return true;
}

std::size_t env::erase(std::string_view key) {
  return std::erase_if(entries_, [&](const entry& e) { return e.key == key; });
}

void env::init_multi_map(const multi_map_view& source) {
  entries_.clear();
  for (const auto& [key, values] : source) {
    for (const auto& value : values)
      set(key, value);
  }
}

void env::append(const env& other) {
  const auto n = other.entries_.size(); // `other` may be this one
  entries_.reserve(entries_.size() + n);
  for (std::size_t i = 0; i < n; ++i)
    entries_.push_back(other.entries_[i]);
}

result<void> env::import_from(const json::value& object) {
  std::string text;
  detail::append_json(text, object);
  std::size_t consumed = 0;
  decode_limits no_limit;
  no_limit.max_bytes = text.size();
  auto members = detail::read_members(text, consumed, no_limit);
  if (!members)
    return bad("ImportEnv: " + members.error().message);
  for (auto& e : *members)
    entries_.push_back(std::move(e));
  return {};
}

bool env::get_bool(std::string_view key) const noexcept {
  const auto* e = find(key);
  if (!e)
    return false;
  if (e->kind == value_kind::integer || e->kind == value_kind::number)
    return detail::is_nonzero(e->text);
  const auto s = trim_blanks(e->text);
  return !s.empty() && s != "0" && !equals_lower(s, "no") && !equals_lower(s, "false") &&
         !equals_lower(s, "none");
}

void env::set_bool(std::string key, bool value) {
  entries_.push_back({std::move(key), value ? "1" : "0", value_kind::boolean});
}

std::int64_t env::get_int64(std::string_view key) const noexcept {
  const auto* e = find(key);
  return e ? to_integer(*e).value : 0;
}

int env::get_int(std::string_view key) const noexcept {
  const auto n = get_int64(key);
  return std::in_range<int>(n) ? static_cast<int>(n) : 0;
}

result<std::int64_t> env::strict_int64(std::string_view key) const {
  const auto* e = find(key);
  if (!e)
    return bad("missing value for '" + std::string{key} + "'");
  const auto n = to_integer(*e);
  if (n.error != number_error::none)
    return bad_integer(key, e->text, n.error);
  return n.value;
}

result<int> env::strict_int(std::string_view key) const {
  const auto n = strict_int64(key);
  if (!n)
    return n.error();
  if (!std::in_range<int>(*n))
    return bad_integer(key, get(key), number_error::range);
  return static_cast<int>(*n);
}

void env::set_int(std::string key, std::int64_t value) {
  entries_.push_back({std::move(key), std::to_string(value), value_kind::integer});
}

std::vector<std::string> env::get_list(std::string_view key) const {
  const auto& text = get(key);
  if (text.empty())
    return {};
  json::error_code ec;
  const auto value = parse_json(text, ec);
  const auto* const elements = ec ? nullptr : value.if_array();
  const auto is_string = [](const json::value& v) { return v.is_string(); };
  if (!elements || !std::all_of(elements->begin(), elements->end(), is_string))
    return {text};
  std::vector<std::string> list;
  list.reserve(elements->size());
  for (const auto& v : *elements)
    list.emplace_back(v.get_string());
  return list;
}

void env::set_list(std::string key, const std::vector<std::string>& values) {
  std::string text = "[";
  for (const auto& v : values) {
    if (text.size() > 1)
      text += ',';
    stream::append_json_string(text, v);
  }
  text += ']';
  entries_.push_back({std::move(key), std::move(text), value_kind::json});
}

result<json::value> env::get_json(std::string_view key) const {
  const auto* e = find(key);
  if (!e || e->text.empty())
    return json::value{};
  if (e->kind == value_kind::boolean)
    return json::value(is_set(*e));
  json::error_code ec;
  auto value = parse_json(e->text, ec);
  if (ec)
    return bad("invalid JSON in '" + std::string{key} + "': " + ec.message());
  return value;
}

void env::set_json(std::string key, const json::value& value) {
  std::string text;
  detail::append_json(text, value);
  if (text == "null") { // also a double that is not finite
    erase(key);
    return;
  }
  value_kind kind = value_kind::json;
  if (value.is_bool())
    kind = value_kind::boolean;
  else if (value.is_int64() || (value.is_uint64() && value.get_uint64() >> 63 == 0))
    kind = value_kind::integer;
  else if (value.is_number())
    kind = value_kind::number;
  entries_.push_back({std::move(key), std::move(text), kind});
}

std::optional<env> env::get_sub_env(std::string_view key) const {
  auto sub = decode(get(key));
  if (!sub)
    return std::nullopt;
  return std::move(*sub);
}

void env::set_sub_env(std::string key, const env& sub, compat mode) {
  auto text = encode_object(sub, mode);
  entries_.push_back({std::move(key), std::move(text), value_kind::json});
}

result<env> decode(std::string_view text, const decode_limits& limits) {
  std::size_t consumed = 0;
  return decode(text, consumed, limits);
}

result<env> decode(std::string_view text, std::size_t& consumed, const decode_limits& limits) {
  auto members = detail::read_members(text, consumed, limits);
  if (!members)
    return members.error();
  return env{std::move(*members)};
}

std::string encode(const env& e, compat mode) {
  auto out = encode_object(e, mode);
  out += '\n';
  return out;
}

} // namespace gantry::job
