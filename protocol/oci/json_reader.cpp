#include "protocol/oci/json_reader.hpp"

#include "protocol/read_json.hpp"
#include "protocol/text.hpp"

#include <algorithm>

namespace gantry::oci::detail {

namespace {

namespace json = boost::json;

constexpr std::size_t max_depth = 200;

// What Go calls the kind of a value.
std::string kind_of(const json::value& v) {
  switch (v.kind()) {
  case json::kind::null:
    return "null";
  case json::kind::bool_:
    return "bool";
  case json::kind::string:
    return "string";
  case json::kind::array:
    return "array";
  case json::kind::object:
    return "object";
  default:
    return "number";
  }
}

// NOTE: told by hand, as Boost's own texts say nothing of the byte and the place.
std::string describe_bad_byte(std::string_view text, std::size_t at) {
  if (at >= text.size())
    return "unexpected end of JSON input";
  static constexpr char hex[] = "0123456789abcdef";
  auto byte = static_cast<unsigned char>(text[at]);
  std::string shown;
  if (byte >= 0x20 && byte < 0x7f)
    shown = text[at];
  else
    shown = std::string{"\\x"} + hex[byte >> 4] + hex[byte & 15];
  return "invalid character '" + shown + "' in JSON at byte " + std::to_string(at);
}

} // namespace

result<json::value> parse_json(std::string_view text, bool trailing) {
  auto [value, error, used] = read_json(text, {max_depth, true, trailing});
  if (!error)
    return std::move(value);
  auto fail = [](std::string reason) {
    return api_error{errc::invalid_parameter, std::move(reason)};
  };
  if (error == json::error::incomplete)
    return fail("unexpected end of JSON input");
  if (error == json::error::too_deep)
    return fail("exceeded max depth");
  return fail(describe_bad_byte(text, used));
}

namespace {

// The JSON string at the front of `text` with its quotes.
std::string_view string_at_front(std::string_view text) {
  std::size_t i = 1;
  while (text[i] != '"')
    i += text[i] == '\\' ? 2 : 1;
  return text.substr(0, i + 1);
}

// Appends the string with `<`, `>`, `&`, U+2028 and U+2029 escaped, all else as it stands.
void append_escaped(std::string& out, std::string_view quoted) {
  static constexpr char hex[] = "0123456789abcdef";
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    char c = quoted[i];
    auto character = quoted.substr(i, 3);
    if (c == '<' || c == '>' || c == '&') {
      out.append("\\u00").append(1, hex[c >> 4]).append(1, hex[c & 15]);
    } else if (character == "\xe2\x80\xa8" || character == "\xe2\x80\xa9") {
      out += character.back() == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += c;
    }
  }
}

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

} // namespace

std::vector<std::pair<std::string, std::string>> split_object(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> members;
  std::string value;
  int depth = 0;
  bool in_key = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (is_space(c))
      continue;
    if (c == '"') {
      auto quoted = string_at_front(text.substr(i));
      i += quoted.size() - 1;
      if (depth == 1 && in_key) {
        auto key = parse_json(quoted);
        members.emplace_back(key ? mended(key->get_string()) : std::string{}, std::string{});
      } else {
        append_escaped(members.back().second, quoted);
      }
      continue;
    }
    if (depth == 1 && (c == ',' || c == ':')) {
      in_key = c == ',';
      continue;
    }
    if (c == '{' || c == '[')
      ++depth;
    const bool outermost = depth == 1 && (c == '{' || c == '}');
    if (c == '}' || c == ']')
      --depth;
    if (!outermost)
      members.back().second += c;
  }
  return members;
}

std::string mended(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    auto size = utf8_sequence(text);
    out += size == 0 ? std::string_view{"\xef\xbf\xbd"} : text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

void decoder::mismatch(const json::value& v, std::string_view type) {
  std::string text = "json: cannot unmarshal " + kind_of(v) + " into Go ";
  if (path_.empty()) {
    text += "value of type ";
    text += root_;
  } else {
    text += "struct field " + root_;
    for (const auto& name : path_)
      text.append(1, '.').append(name);
    text += " of type ";
    text += type;
  }
  fail({errc::invalid_parameter, std::move(text)});
}

void decoder::fail(api_error error) {
  if (!error_)
    error_ = std::move(error);
}

void decoder::read(const json::value& v, std::string& out) {
  if (v.is_null() || failed())
    return;
  const auto* s = v.if_string();
  if (!s)
    return mismatch(v, "string");
  out = mended({s->data(), s->size()});
}

void decoder::read(const json::value& v, bool& out) {
  if (v.is_null() || failed())
    return;
  const auto* b = v.if_bool();
  if (!b)
    return mismatch(v, "bool");
  out = *b;
}

void decoder::read(const json::value& v, std::int64_t& out) {
  if (v.is_null() || failed())
    return;
  if (const auto* n = v.if_int64())
    out = *n;
  else
    mismatch(v, "int64");
}

void decoder::read(const json::value& v, std::optional<std::int64_t>& out) {
  if (v.is_null()) {
    out.reset();
    return;
  }
  read(v, out.emplace());
}

void decoder::read(const json::value& v, std::vector<std::string>& out) {
  std::vector<std::string> list;
  array(v, "[]string", [&](const json::value& element) { read(element, list.emplace_back()); });
  if (!failed())
    out = std::move(list);
}

void decoder::read(const json::value& v, std::optional<std::vector<std::string>>& out) {
  if (v.is_null())
    out.reset();
  else
    read(v, out.emplace());
}

void decoder::read(const json::value& v, std::map<std::string, std::string>& out) {
  if (v.is_null() || failed())
    return;
  const auto* members = v.if_object();
  if (!members)
    return mismatch(v, "map[string]string");
  for (const auto& member : *members)
    read(member.value(), out[mended(member.key())]);
}

void decoder::read(const json::value& v, std::optional<std::map<std::string, std::string>>& out) {
  if (v.is_null())
    out.reset();
  else
    read(v, out.emplace());
}

void decoder::read(const json::value& v, std::optional<std::set<std::string>>& out) {
  if (failed())
    return;
  if (v.is_null()) {
    out.reset();
    return;
  }
  const auto* members = v.if_object();
  if (!members)
    return mismatch(v, "map[string]struct {}");
  out.emplace();
  for (const auto& member : *members) {
    if (!member.value().is_null() && !member.value().is_object())
      return mismatch(member.value(), "struct {}");
    out->insert(mended(member.key()));
  }
}

void decoder::read_command(const json::value& v, std::optional<std::vector<std::string>>& out) {
  if (!v.is_string())
    return read(v, out);
  std::string line;
  read(v, line);
  if (!failed())
    out.emplace(1, std::move(line));
}

} // namespace gantry::oci::detail
