#include "protocol/api/json.hpp"

#include "protocol/read_json.hpp"
#include "protocol/stream/json_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

namespace gantry::api {

namespace {

namespace json = boost::json;

constexpr std::size_t max_depth = 200;

template <class Number>
void append_number(std::string& out, Number n) {
  std::array<char, 32> text;
  auto end = std::to_chars(text.data(), text.data() + text.size(), n).ptr;
  out.append(text.data(), end);
}

void append_object(std::string& out, const json::object& o, json_form form) {
  std::vector<const json::key_value_pair*> members;
  members.reserve(o.size());
  for (const auto& member : o)
    members.push_back(&member);
  if (form == json_form::legacy)
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return a->key() < b->key(); });
  out += '{';
  bool first = true;
  for (const auto* member : members) {
    if (!first)
      out += ',';
    first = false;
    append_json_string(out, member->key(), form);
    out += ':';
    append_json(out, member->value(), form);
  }
  out += '}';
}

void append_array(std::string& out, const json::array& a, json_form form) {
  out += '[';
  bool first = true;
  for (const auto& element : a) {
    if (!first)
      out += ',';
    first = false;
    append_json(out, element, form);
  }
  out += ']';
}

// What Go says of the byte at which reading stopped, as far as the byte before it tells.
std::string describe_bad_byte(std::string_view text, std::size_t at) {
  if (at >= text.size())
    return "unexpected EOF";
  std::string reason = "invalid character '";
  if (text[at] == '\'')
    reason += '\\';
  reason += text[at];
  reason += '\'';
  auto before = text.substr(0, at).find_last_not_of(" \t\r\n");
  char previous = before == std::string_view::npos ? ':' : text[before];
  if (previous == ':' || previous == '[')
    reason += " looking for beginning of value";
  else if (previous == '{')
    reason += " looking for beginning of object key string";
  return reason;
}

} // namespace

void append_json_string(std::string& out, std::string_view text, json_form form) {
  if (form == json_form::legacy) {
    stream::append_json_string(out, text);
    return;
  }
  // Runs without `<`, `>` and `&` are written as ever, those three are put between them as they
  // are. The quotes of each run but the first and last are taken off again.
  out += '"';
  while (!text.empty()) {
    auto special = text.find_first_of("<>&");
    auto run = text.substr(0, special);
    if (!run.empty()) {
      auto quote = out.size();
      stream::append_json_string(out, run);
      out.pop_back();
      out.erase(quote, 1);
    }
    if (special == std::string_view::npos)
      break;
    out += text[special];
    text.remove_prefix(special + 1);
  }
  out += '"';
}

void append_json(std::string& out, const json::value& v, json_form form) {
  switch (v.kind()) {
  case json::kind::null:
    out += "null";
    break;
  case json::kind::bool_:
    out += v.get_bool() ? "true" : "false";
    break;
  case json::kind::int64:
    append_number(out, v.get_int64());
    break;
  case json::kind::uint64:
    append_number(out, v.get_uint64());
    break;
  case json::kind::double_:
    if (std::isfinite(v.get_double()))
      append_number(out, v.get_double());
    else
      out += "null"; // JSON has no word for it
    break;
  case json::kind::string:
    append_json_string(out, v.get_string(), form);
    break;
  case json::kind::array:
    append_array(out, v.get_array(), form);
    break;
  case json::kind::object:
    append_object(out, v.get_object(), form);
    break;
  }
}

result<json::value> parse_json(std::string_view text) {
  json_reading how;
  how.max_depth = max_depth;
  auto [value, error, used] = read_json(text, how);
  if (!error)
    return std::move(value);
  auto fail = [](std::string reason) {
    return api_error{errc::invalid_parameter, std::move(reason)};
  };
  if (error == json::error::incomplete)
    return fail("unexpected EOF");
  if (error == json::error::extra_data)
    return fail("unexpected content after JSON");
  if (error == json::error::too_deep)
    return fail("exceeded max depth");
  return fail(describe_bad_byte(text, used));
}

std::string error_body(std::string_view text) {
  std::string body = "{\"message\":";
  append_json_string(body, text);
  body += "}\n";
  return body;
}

} // namespace gantry::api
