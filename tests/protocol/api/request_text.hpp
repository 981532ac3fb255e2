#pragma once

#include "protocol/http/request_parser.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace gantry::api::test {

/// The head of `METHOD TARGET` with further header lines, each with its CRLF.
inline std::shared_ptr<const http::request> head(std::string_view method, std::string_view target,
                                                 std::string_view lines = {}) {
  std::string bytes{method};
  bytes.append(" ").append(target).append(" HTTP/1.1\r\nHost: d\r\n").append(lines).append("\r\n");
  http::request_parser parser;
  auto parsed = parser.parse_head(bytes);
  INFO(bytes);
  REQUIRE(parsed.state == http::progress::complete);
  return parsed.head;
}

/// Value of a header of a response, or "" (also if it is there twice: that would be a bug).
inline std::string header(const http::response& r, std::string_view name) {
  std::string value;
  int times = 0;
  for (const auto& [n, v] : r.headers) {
    if (http::iequals(n, name)) {
      value = v;
      ++times;
    }
  }
  return times == 1 ? value : std::string{};
}

/// True if the response has that header.
inline bool has(const http::response& r, std::string_view name) {
  for (const auto& [n, v] : r.headers)
    if (http::iequals(n, name))
      return true;
  return false;
}

} // namespace gantry::api::test
