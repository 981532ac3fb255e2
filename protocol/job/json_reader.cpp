#include "protocol/job/json_reader.hpp"

#include "protocol/stream/json_text.hpp"
#include "protocol/text.hpp"
#include "protocol/utf8.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace gantry::job::detail {
namespace {

namespace json = boost::json;
using json::error_code;

constexpr std::size_t deepest_value = 128; // levels in a text that compact_json looks at

enum class root : std::uint8_t { any, object, array };

// The value a 1.2.0 server made of a number; nothing where it refused the whole text.
std::optional<std::int64_t> truncated(std::string_view literal) noexcept {
  double d = 0;
  const auto r = std::from_chars(literal.data(), literal.data() + literal.size(), d);
  if (r.ec == std::errc::result_out_of_range) {
    bool exact = true;
    if (integer_part(literal, exact) != 0) // too large; too small is a zero
      return std::nullopt;
    return 0;
  }
  constexpr double limit = 9223372036854775808.0; // 2^63
  if (d < -limit || d >= limit)
    return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(d);
}

// Receives the parser's events and writes compact JSON. Members of an object are written without
// their keys, remembered as slots, and put in order when the object ends. With root `object` or
// `array` the outermost level stays in slots, its strings without quotes.
class compactor {
public:
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = max_object_size;
  static constexpr std::size_t max_key_size = max_object_size;
  static constexpr std::size_t max_string_size = max_object_size;

  compactor(root r, numbers n) : root_{r}, numbers_{n} {}

  std::string take_text() { return std::move(out_); }

  // The outermost object's members, or the outermost array's objects.
  std::vector<env::entry> take_entries() {
    std::vector<env::entry> entries;
    if (root_ == root::object) {
      const auto order = sorted(0);
      entries.reserve(order.size());
      for (const auto i : order) {
        if (!slots_[i].null)
          entries.push_back({std::move(slots_[i].key), std::string{text_of(i)}, slots_[i].kind});
      }
    } else {
      for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (slots_[i].kind == value_kind::json && text_of(i).front() == '{')
          entries.push_back({{}, std::string{text_of(i)}, value_kind::json});
      }
    }
    return entries;
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }

  bool on_object_begin(error_code&) {
    begin_value(value_kind::json);
    levels_.push_back({out_.size(), slots_.size(), true});
    return true;
  }

  bool on_object_end(std::size_t, error_code&) {
    if (!at_root_level())
      put_in_order(levels_.back());
    levels_.pop_back();
    return true;
  }

  bool on_array_begin(error_code&) {
    begin_value(value_kind::json);
    levels_.push_back({out_.size(), slots_.size(), false});
    if (!at_root_level())
      out_ += '[';
    return true;
  }

  bool on_array_end(std::size_t, error_code&) {
    if (!at_root_level())
      out_ += ']';
    levels_.pop_back();
    return true;
  }

  bool on_key_part(std::string_view s, std::size_t, error_code&) {
    string_.append(s);
    return true;
  }

  bool on_key(std::string_view s, std::size_t, error_code&) {
    string_.append(s);
    mend_utf8(string_);
    slots_.push_back({std::move(string_), out_.size()});
    string_.clear();
    return true;
  }

  bool on_string_part(std::string_view s, std::size_t, error_code&) {
    string_.append(s);
    return true;
  }

  bool on_string(std::string_view s, std::size_t, error_code&) {
    string_.append(s);
    mend_utf8(string_);
    begin_value(value_kind::string);
    if (at_root_level())
      out_.append(string_);
    else
      stream::append_json_string(out_, string_);
    string_.clear();
    return true;
  }

  bool on_number_part(std::string_view s, error_code&) {
    string_.append(s);
    return true;
  }

  bool on_int64(std::int64_t, std::string_view s, error_code& ec) {
    return on_number(s, value_kind::integer, ec);
  }
  bool on_uint64(std::uint64_t, std::string_view s, error_code& ec) {
    return on_number(s, value_kind::number, ec);
  }
  bool on_double(double, std::string_view s, error_code& ec) {
    return on_number(s, value_kind::number, ec);
  }

  bool on_bool(bool b, error_code&) {
    begin_value(value_kind::boolean);
    out_ += b ? "true" : "false";
    return true;
  }

  bool on_null(error_code&) {
    begin_value(value_kind::json);
    if (at_root_level())
      slots_.back().null = true;
    out_ += "null";
    return true;
  }

  bool on_comment_part(std::string_view, error_code&) { return true; }
  bool on_comment(std::string_view, error_code&) { return true; }

private:
  struct slot {
    std::string key;
    std::size_t begin; // in out_; ends where the next slot begins
    value_kind kind = value_kind::string;
    bool null = false;
  };
  struct level {
    std::size_t begin; // in out_
    std::size_t first_slot;
    bool object;
  };

  bool at_root_level() const { return root_ != root::any && levels_.size() == 1; }

  void begin_value(value_kind kind) {
    if (levels_.empty())
      return;
    const auto& parent = levels_.back();
    if (parent.object)
      slots_.back().kind = kind;
    else if (at_root_level())
      slots_.push_back({{}, out_.size(), kind});
    else if (out_.size() > parent.begin + 1)
      out_ += ',';
  }

  bool on_number(std::string_view s, value_kind kind, error_code& ec) {
    string_.append(s);
    begin_value(kind);
    if (numbers_ == numbers::keep) {
      out_.append(string_);
    } else if (const auto n = truncated(string_)) {
      out_.append(std::to_string(*n));
    } else {
      ec = json::error::exponent_overflow;
      return false;
    }
    string_.clear();
    return true;
  }

  std::string_view text_of(std::size_t i) const {
    const auto end = i + 1 < slots_.size() ? slots_[i + 1].begin : out_.size();
    return std::string_view{out_}.substr(slots_[i].begin, end - slots_[i].begin);
  }

  // Indices of the slots from `first` on, sorted by key, the last one of each key.
  std::vector<std::size_t> sorted(std::size_t first) const {
    std::vector<std::size_t> order(slots_.size() - first);
    for (std::size_t i = 0; i < order.size(); ++i)
      order[i] = first + i;
    std::sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
      const int c = slots_[a].key.compare(slots_[b].key);
      return c != 0 ? c < 0 : a > b;
    });
    const auto same = [this](std::size_t a, std::size_t b) {
      return slots_[a].key == slots_[b].key;
    };
    order.erase(std::unique(order.begin(), order.end(), same), order.end());
    return order;
  }

  void put_in_order(const level& l) {
    std::string object = "{";
    for (const auto i : sorted(l.first_slot)) {
      if (object.size() > 1)
        object += ',';
      stream::append_json_string(object, slots_[i].key);
      object += ':';
      object.append(text_of(i));
    }
    object += '}';
    slots_.resize(l.first_slot, {{}, 0});
    out_.resize(l.begin);
    out_.append(object);
  }

  root root_;
  numbers numbers_;
  std::string out_;
  std::string string_; // the string or number that is arriving
  std::vector<level> levels_;
  std::vector<slot> slots_; // of all open objects
};

json::parse_options options(std::size_t max_depth) {
  json::parse_options o;
  o.max_depth = max_depth;
  o.allow_invalid_utf8 = true;
  return o;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Code unit of the `\uXXXX` at `i`, or -1.
int escaped_unit(std::string_view text, std::size_t i) {
  if (text.size() < i + 6 || text[i] != '\\' || text[i + 1] != 'u')
    return -1;
  int unit = 0;
  for (std::size_t k = i + 2; k < i + 6; ++k) {
    const int digit = hex_value(text[k]);
    if (digit < 0)
      return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

// Replaces escapes of unpaired surrogates by that of U+FFFD, which has the same length. False if
// there are none. Go does the same; Python's `surrogateescape` names come as such.
bool replace_lone_surrogates(std::string& text) {
  const auto is_high = [](int unit) { return unit >= 0xd800 && unit <= 0xdbff; };
  const auto is_low = [](int unit) { return unit >= 0xdc00 && unit <= 0xdfff; };
  bool changed = false;
  for (std::size_t i = text.find('\\'); i != std::string::npos; i = text.find('\\', i)) {
    const int unit = escaped_unit(text, i);
    if (unit < 0) {
      i += 2;
    } else if (is_high(unit) && is_low(escaped_unit(text, i + 6))) {
      i += 12;
    } else {
      if (is_high(unit) || is_low(unit)) {
        text.replace(i, 6, "\\ufffd");
        changed = true;
      }
      i += 6;
    }
  }
  return changed;
}

// Where the parser gives up; the size of `text` if it only wants more. A failed parse does not say,
// so the text is fed again: in pieces up to the bad piece, then byte by byte.
std::size_t error_offset(std::string_view text, std::size_t max_depth) {
  constexpr std::size_t piece = 4096;
  const auto first_bad = [&](std::size_t exact_from) {
    json::basic_parser<compactor> probe{options(max_depth), root::any, numbers::keep};
    error_code ec;
    std::size_t i = 0;
    while (i < text.size()) {
      const auto n = i < exact_from ? std::min(piece, text.size() - i) : 1;
      probe.write_some(true, text.data() + i, n, ec);
      if (ec)
        break;
      i += n;
    }
    return i;
  };
  const auto bad_piece = first_bad(text.size());
  return bad_piece >= text.size() ? text.size() : first_bad(bad_piece);
}

std::string quoted(char c) {
  const auto u = static_cast<unsigned char>(c);
  if (u >= 0x20 && u < 0x7f)
    return {'\'', c, '\''};
  constexpr char hex[] = "0123456789abcdef";
  return {'\'', '\\', 'x', hex[u >> 4], hex[u & 15], '\''};
}

// What JSON value starts at the front of `text`; null if none.
const char* type_of(std::string_view text) {
  const char c = text.front();
  if (c == '{')
    return "object";
  if (c == '[')
    return "array";
  if (c == '"')
    return "string";
  if (c == '-' || (c >= '0' && c <= '9'))
    return "number";
  if (text.substr(0, 4) == "true" || text.substr(0, 5) == "false")
    return "bool";
  return text.substr(0, 4) == "null" ? "null" : nullptr;
}

api_error bad(std::string text) { return {errc::invalid_parameter, std::move(text)}; }

// Reads one value of type `wanted` from the front of `text`.
result<std::vector<env::entry>> read(std::string_view text, root wanted, std::size_t& consumed,
                                     const decode_limits& limits) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  consumed = std::min(begin, text.size());
  if (begin == std::string_view::npos)
    return bad("EOF");
  const std::string_view name = wanted == root::object ? "object" : "array";
  const char* const type = type_of(text.substr(begin));
  if (type && type != name)
    return bad("expected an " + std::string{name} + ", got " + type);

  auto input = text.substr(0, limits.max_bytes);
  error_code ec;
  {
    json::basic_parser<compactor> parser{options(limits.max_depth), wanted, numbers::keep};
    consumed = parser.write_some(false, input.data(), input.size(), ec);
    if (!ec)
      return parser.handler().take_entries();
  }
  std::string mended{input};
  if (replace_lone_surrogates(mended)) {
    input = mended;
    json::basic_parser<compactor> parser{options(limits.max_depth), wanted, numbers::keep};
    consumed = parser.write_some(false, input.data(), input.size(), ec);
    if (!ec)
      return parser.handler().take_entries();
  }
  consumed = error_offset(input, limits.max_depth);
  if (consumed == input.size()) {
    if (input.size() < text.size())
      return bad("larger than " + std::to_string(limits.max_bytes) + " bytes");
    return bad("unexpected EOF");
  }
  if (ec == json::error::too_deep)
    return bad("nested deeper than " + std::to_string(limits.max_depth) + " levels");
  return bad("invalid character " + quoted(input[consumed]) + " at offset " +
             std::to_string(consumed));
}

void append_double(std::string& out, double d) {
  if (!std::isfinite(d)) { // JSON has no word for it
    out += "null";
    return;
  }
  char buffer[32];
  const auto r = std::to_chars(buffer, buffer + sizeof buffer, d);
  out.append(buffer, r.ptr);
}

void append_object(std::string& out, const json::object& object) {
  std::vector<const json::key_value_pair*> members;
  members.reserve(object.size());
  for (const auto& m : object)
    members.push_back(&m);
  std::sort(members.begin(), members.end(),
            [](const auto* a, const auto* b) { return a->key() < b->key(); });
  out += '{';
  for (const auto* m : members) {
    if (m != members.front())
      out += ',';
    stream::append_json_string(out, m->key());
    out += ':';
    append_json(out, m->value());
  }
  out += '}';
}

} // namespace

result<std::vector<env::entry>> read_members(std::string_view text, std::size_t& consumed,
                                             const decode_limits& limits) {
  return read(text, root::object, consumed, limits);
}

result<std::vector<env::entry>> read_objects(std::string_view text, const decode_limits& limits) {
  std::size_t consumed = 0;
  return read(text, root::array, consumed, limits);
}

std::optional<std::string> compact_json(std::string_view text, numbers mode) {
  json::basic_parser<compactor> parser{options(deepest_value), root::any, mode};
  error_code ec;
  const auto consumed = parser.write_some(false, text.data(), text.size(), ec);
  if (ec || consumed != text.size())
    return std::nullopt;
  return parser.handler().take_text();
}

void append_json(std::string& out, const json::value& value) {
  switch (value.kind()) {
  case json::kind::null:
    out += "null";
    break;
  case json::kind::bool_:
    out += value.get_bool() ? "true" : "false";
    break;
  case json::kind::int64:
    out += std::to_string(value.get_int64());
    break;
  case json::kind::uint64:
    out += std::to_string(value.get_uint64());
    break;
  case json::kind::double_:
    append_double(out, value.get_double());
    break;
  case json::kind::string:
    stream::append_json_string(out, value.get_string());
    break;
  case json::kind::array: {
    out += '[';
    const auto& elements = value.get_array();
    for (std::size_t i = 0; i < elements.size(); ++i) {
      if (i != 0)
        out += ',';
      append_json(out, elements[i]);
    }
    out += ']';
    break;
  }
  case json::kind::object:
    append_object(out, value.get_object());
    break;
  }
}

std::optional<std::int64_t> integer_part(std::string_view literal, bool& exact) noexcept {
  const bool negative = literal.front() == '-';
  if (negative)
    literal.remove_prefix(1);
  long exponent = 0;
  if (const auto e = literal.find_first_of("eE"); e != std::string_view::npos) {
    auto digits = literal.substr(e + 1);
    if (digits.front() == '+')
      digits.remove_prefix(1);
    const auto r = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (r.ec != std::errc{})
      exponent =
          digits.front() == '-' ? std::numeric_limits<int>::min() : std::numeric_limits<int>::max();
    literal = literal.substr(0, e);
  }
  const auto point = std::min(literal.find('.'), literal.size());
  const auto whole = static_cast<long>(point) + exponent; // digits left of the point

  exact = true;
  std::uint64_t n = 0;
  long seen = 0; // digits so far
  for (const char c : literal) {
    if (c == '.')
      continue;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (seen++ >= whole) {
      exact = exact && digit == 0;
    } else {
      if (n > (std::numeric_limits<std::uint64_t>::max() - digit) / 10)
        return std::nullopt;
      n = n * 10 + digit;
    }
  }
  for (; n != 0 && seen < whole; ++seen) {
    if (n > std::numeric_limits<std::uint64_t>::max() / 10)
      return std::nullopt;
    n *= 10;
  }
  constexpr auto smallest = std::uint64_t{1} << 63; // its magnitude
  if (n > smallest || (n == smallest && !negative))
    return std::nullopt;
  return static_cast<std::int64_t>(negative ? 0 - n : n);
}

bool is_nonzero(std::string_view literal) noexcept {
  const auto mantissa = literal.substr(0, literal.find_first_of("eE"));
  return mantissa.find_first_of("123456789") != std::string_view::npos;
}

} // namespace gantry::job::detail
