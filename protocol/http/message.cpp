#include "protocol/http/message.hpp"

#include "protocol/text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace gantry::http {

namespace {

/// The names of RFC 9110 §15, and of RFC 6585 and others where a daemon or a proxy uses them.
constexpr std::string_view known_phrase(int status) noexcept {
  switch (status) {
  case 100:
    return "Continue";
  case 101:
    return "Switching Protocols";
  case 200:
    return "OK";
  case 201:
    return "Created";
  case 202:
    return "Accepted";
  case 203:
    return "Non-Authoritative Information";
  case 204:
    return "No Content";
  case 205:
    return "Reset Content";
  case 206:
    return "Partial Content";
  case 300:
    return "Multiple Choices";
  case 301:
    return "Moved Permanently";
  case 302:
    return "Found";
  case 303:
    return "See Other";
  case 304:
    return "Not Modified";
  case 305:
    return "Use Proxy";
  case 307:
    return "Temporary Redirect";
  case 308:
    return "Permanent Redirect";
  case 400:
    return "Bad Request";
  case 401:
    return "Unauthorized";
  case 402:
    return "Payment Required";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 406:
    return "Not Acceptable";
  case 407:
    return "Proxy Authentication Required";
  case 408:
    return "Request Timeout";
  case 409:
    return "Conflict";
  case 410:
    return "Gone";
  case 411:
    return "Length Required";
  case 412:
    return "Precondition Failed";
  case 413:
    return "Content Too Large";
  case 414:
    return "URI Too Long";
  case 415:
    return "Unsupported Media Type";
  case 416:
    return "Range Not Satisfiable";
  case 417:
    return "Expectation Failed";
  case 421:
    return "Misdirected Request";
  case 422:
    return "Unprocessable Content";
  case 426:
    return "Upgrade Required";
  case 428:
    return "Precondition Required";
  case 429:
    return "Too Many Requests";
  case 431:
    return "Request Header Fields Too Large";
  case 500:
    return "Internal Server Error";
  case 501:
    return "Not Implemented";
  case 502:
    return "Bad Gateway";
  case 503:
    return "Service Unavailable";
  case 504:
    return "Gateway Timeout";
  case 505:
    return "HTTP Version Not Supported";
  default:
    return {};
  }
}

constexpr int first_status = 100;
constexpr int last_status = 999;
constexpr std::string_view unknown_pattern = "Status NNN";

/// `Status NNN` for every status there can be, as a phrase must outlive its caller.
constexpr auto make_unknown_phrases() {
  std::array<char, (last_status - first_status + 1) * unknown_pattern.size()> text{};
  std::size_t at = 0;
  for (int status = first_status; status <= last_status; ++status) {
    for (char c : unknown_pattern)
      text[at++] = c;
    text[at - 3] = static_cast<char>('0' + status / 100);
    text[at - 2] = static_cast<char>('0' + status / 10 % 10);
    text[at - 1] = static_cast<char>('0' + status % 10);
  }
  return text;
}

constexpr auto unknown_phrases = make_unknown_phrases();

} // namespace

bool iequals(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return x == y || to_lower(x) == to_lower(y);
         });
}

std::string_view request::header(std::string_view name) const noexcept {
  for (const field& f : fields)
    if (iequals(f.name, name))
      return f.value;
  return {};
}

bool request::has_header(std::string_view name) const noexcept {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const field& f) { return iequals(f.name, name); });
}

std::string_view reason_phrase(int status) noexcept {
  if (const auto known = known_phrase(status); !known.empty())
    return known;
  if (status < first_status || status > last_status)
    return "Unknown Status";
  const auto index = static_cast<std::size_t>(status - first_status);
  return {unknown_phrases.data() + index * unknown_pattern.size(), unknown_pattern.size()};
}

} // namespace gantry::http
