#pragma once

#include "protocol/http/request_parser.hpp"
#include "protocol/http/syntax.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace gantry::test {

/// Why Boost.Beast's parser, a second opinion, reads the head at the front of `bytes` in another
/// way than `mine`, which was made from it; "" if it does not.
inline std::string beast_disagrees(const http::request& mine, std::string_view bytes) {
  namespace beast = boost::beast;
  for (const auto& f : mine.fields) {
    // Beast's container holds no longer ones.
    if (f.name.size() + f.value.size() > 60000)
      return {};
    // NOTE: Beast refuses a Connection that is no list of tokens; as in Go it is ignored here.
    if (!http::iequals(f.name, "Connection") && !http::iequals(f.name, "Proxy-Connection"))
      continue;
    auto list = f.value;
    for (auto e = http::next_element(list); !e.empty(); e = http::next_element(list))
      if (!http::is_token(e))
        return {};
  }

  while (bytes.starts_with("\r\n"))
    bytes.remove_prefix(2);
  beast::http::request_parser<beast::http::empty_body> parser;
  parser.header_limit(std::numeric_limits<std::uint32_t>::max());
  parser.body_limit(boost::none);
  beast::error_code error;
  parser.put(boost::asio::const_buffer{bytes.data(), bytes.size()}, error);
  if (!parser.is_header_done())
    return "refuses: " + error.message();

  const auto view = [](auto text) { return std::string_view{text.data(), text.size()}; };
  const auto& theirs = parser.get();
  if (view(theirs.method_string()) != mine.method)
    return "other method";
  if (view(theirs.target()) != mine.target)
    return "other target";
  if (theirs.version() != static_cast<unsigned>(mine.version))
    return "other version";
  if (theirs.keep_alive() != mine.keep_alive)
    return "other keep-alive";
  if (parser.chunked() != (mine.framing == http::body_framing::chunked))
    return "other chunked";
  const auto length = parser.content_length();
  if (length.has_value() != (mine.framing == http::body_framing::content_length) ||
      length.value_or(0) != mine.content_length)
    return "other length";
  // Beast keeps fields of one name together.
  std::size_t count = 0;
  for (const auto& f : theirs) {
    ++count;
    const auto same = [&](const http::field& g) {
      return g.name == view(f.name_string()) && g.value == view(f.value());
    };
    if (std::none_of(mine.fields.begin(), mine.fields.end(), same))
      return "other field " + std::string{view(f.name_string())};
  }
  return count == mine.fields.size() ? "" : "other number of fields";
}

} // namespace gantry::test
