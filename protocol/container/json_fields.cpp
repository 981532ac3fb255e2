#include "protocol/container/json_fields.hpp"

namespace gantry::container::detail {

namespace {

// What the escape at the front of `text` stands for, 0 if it is to stay.
char html_character(std::string_view text) noexcept {
  auto code = text.substr(0, 6);
  if (code == "\\u003c")
    return '<';
  if (code == "\\u003e")
    return '>';
  return code == "\\u0026" ? '&' : '\0';
}

} // namespace

void read_instant(decoder& d, const boost::json::value& v, oci::instant& out) {
  std::string text;
  d.read(v, text);
  if (v.is_null() || d.failed())
    return;
  if (auto t = oci::parse_instant(text))
    out = *t;
  else
    d.fail(t.error());
}

void unescape_html(std::string& json) {
  constexpr std::size_t escape_size = 6;
  auto from = json.find('\\');
  if (from == std::string::npos)
    return;
  auto to = from;
  while (from < json.size()) {
    std::string_view rest{json.data() + from, json.size() - from};
    if (rest.front() != '\\') {
      json[to++] = json[from++];
    } else if (char c = html_character(rest)) {
      json[to++] = c;
      from += escape_size;
    } else { // both characters, so that the second of `\\` begins no escape
      json[to++] = json[from++];
      json[to++] = json[from++];
    }
  }
  json.resize(to);
}

} // namespace gantry::container::detail
