#include "actors/image/http_source.hpp"

#include "protocol/text.hpp"

#include <algorithm>

namespace gantry::image {

namespace {

constexpr std::string_view separator = "://";

api_error bad_url(std::string_view url, std::string_view why) {
  return {errc::invalid_parameter, "parse \"" + std::string{url} + "\": " + std::string{why}};
}

bool is_scheme(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alnum(c) || c == '+' || c == '-' || c == '.';
  });
}

std::string default_port(bool tls) { return tls ? "443" : "80"; }

// `[::1]:80`, `host:80`, `host`
result<void> read_authority(std::string_view text, std::string_view url, http_url& to) {
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    to.user_info = text.substr(0, at);
    text.remove_prefix(at + 1);
  }
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos)
      return bad_url(url, "missing ']' in host");
    to.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else {
    const auto colon = text.find(':');
    to.host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
  }
  to.port = default_port(to.tls);
  if (rest.empty() || rest == ":")
    return {};
  if (!rest.starts_with(':') || rest.find_first_not_of("0123456789", 1) != std::string_view::npos)
    return bad_url(url, "invalid port \"" + std::string{rest} + "\" after host");
  to.port = rest.substr(1);
  return {};
}

} // namespace

std::string http_url::authority() const {
  auto text = host.find(':') == std::string::npos ? host : '[' + host + ']';
  if (port != default_port(tls))
    text += ':' + port;
  return text;
}

std::string http_url::str() const {
  std::string text = tls ? "https://" : "http://";
  if (!user_info.empty()) {
    const auto colon = user_info.find(':');
    text += user_info.substr(0, colon);
    text += colon == std::string::npos ? "@" : ":***@";
  }
  return text + authority() + (target == "/" ? "" : target);
}

result<http_url> parse_http_url(std::string_view text) {
  const auto given = text;
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; }))
    return bad_url(given, "net/url: invalid control character in URL");
  http_url url;
  if (const auto at = text.find(separator); at != std::string_view::npos) {
    const auto scheme = text.substr(0, at);
    if (!is_scheme(scheme))
      return bad_url(given, "first path segment in URL cannot contain colon");
    const auto name = lower(scheme);
    if (name != "http" && name != "https")
      return api_error{errc::system, "Get \"" + std::string{given} +
                                         "\": unsupported protocol scheme \"" + name + '"'};
    url.tls = name == "https";
    text.remove_prefix(at + separator.size());
  }
  text = text.substr(0, text.find('#'));
  const auto path = std::min(text.find_first_of("/?"), text.size());
  if (auto read = read_authority(text.substr(0, path), given, url); !read)
    return read.error();
  if (url.host.empty())
    return api_error{errc::system,
                     "Get \"" + std::string{given} + "\": http: no Host in request URL"};
  url.target = text.substr(path);
  if (!url.target.starts_with('/'))
    url.target.insert(0, 1, '/');
  return url;
}

result<http_url> redirected(const http_url& base, std::string_view location) {
  if (location.find(separator) < location.find_first_of("/?"))
    return parse_http_url(location);
  const std::string scheme = base.tls ? "https:" : "http:";
  if (location.starts_with("//"))
    return parse_http_url(scheme + std::string{location});
  auto target = std::string{location.substr(0, location.find('#'))};
  if (!target.starts_with('/')) {
    const auto path = base.target.substr(0, base.target.find('?'));
    target = target.starts_with('?') ? path + target : path.substr(0, path.rfind('/') + 1) + target;
  }
  auto next = base;
  next.target = std::move(target);
  return next;
}

} // namespace gantry::image
