#include "protocol/http/media_type.hpp"

#include "protocol/http/syntax.hpp"
#include "protocol/text.hpp"

#include <algorithm>
#include <cstddef>

namespace gantry::http {

namespace {

/// Takes a token, maybe an empty one, off the front.
std::string_view take_token(std::string_view& text) noexcept {
  std::size_t n = 0;
  while (n < text.size() && is_token_byte(text[n]))
    ++n;
  const auto token = text.substr(0, n);
  text.remove_prefix(n);
  return token;
}

bool take(std::string_view& text, char c) noexcept {
  text = trim(text);
  if (!text.starts_with(c))
    return false;
  text.remove_prefix(1);
  text = trim(text);
  return true;
}

/// Takes the rest of a quoted string, whose first quote was taken, off the front.
bool take_quoted(std::string_view& text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
    // NOTE: Go takes a backslash for an escape only before what needs one, as browsers send
    // `name="C:\dir\file"`.
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\'))
      ++i;
    out += text[i];
  }
  return false;
}

} // namespace

std::string_view media_type::param(std::string_view name) const noexcept {
  for (const auto& [n, v] : params)
    if (n == name)
      return v;
  return {};
}

result<media_type> parse_media_type(std::string_view text) {
  const auto semicolon = text.find(';');
  auto base = trim(text.substr(0, semicolon));
  media_type parsed{lower(base), {}};
  if (take_token(base).empty())
    return invalid("mime: no media type");
  if (!base.empty()) {
    if (base.front() != '/')
      return invalid("mime: expected slash after first token");
    base.remove_prefix(1);
    if (take_token(base).empty())
      return invalid("mime: expected token after slash");
    if (!base.empty())
      return invalid("mime: unexpected content after media subtype");
  }

  auto rest = semicolon == text.npos ? std::string_view{} : text.substr(semicolon);
  while (!trim(rest).empty() && trim(rest) != ";") {
    if (!take(rest, ';'))
      return invalid("mime: invalid media parameter");
    auto name = lower(take_token(rest));
    if (name.empty() || !take(rest, '='))
      return invalid("mime: invalid media parameter");
    std::string value;
    if (rest.starts_with('"')) {
      rest.remove_prefix(1);
      if (!take_quoted(rest, value))
        return invalid("mime: invalid media parameter");
    } else {
      value = take_token(rest);
      if (value.empty())
        return invalid("mime: invalid media parameter");
    }
    if (std::any_of(parsed.params.begin(), parsed.params.end(),
                    [&](const auto& p) { return p.first == name; }))
      return invalid("mime: duplicate parameter name");
    parsed.params.emplace_back(std::move(name), std::move(value));
  }
  return parsed;
}

} // namespace gantry::http
