#pragma once

#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::test {

/// An entry of tests/data/http/broken_requests.txt, whose first lines say what the parts mean.
struct http_case {
  enum class outcome { refused, accepted, needs_more };

  std::string name;
  std::string bytes; ///< what the client sends
  outcome result = outcome::refused;
  bool in_body = false; ///< it is the body that is refused or unfinished
  std::string answer;   ///< if refused: every byte of the answer, except for the Date line
  std::string body;     ///< if accepted
  std::size_t left = 0; ///< if accepted: bytes behind the request
  int line = 0;         ///< of the file, for messages
};

namespace detail {

/// Decodes a literal at the front of `text`: the bytes between quotes, with `\r \n \t \\ \" \xHH`.
inline std::string take_literal(std::string_view& text) {
  const auto fail = [] { throw std::runtime_error("malformed literal"); };
  const auto digit = [&](char c) -> int {
    const auto k = std::string_view{"0123456789abcdef"}.find(c);
    if (k == std::string_view::npos)
      fail();
    return static_cast<int>(k);
  };
  std::string out;
  if (!text.starts_with('"'))
    fail();
  std::size_t i = 1;
  for (; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (++i == text.size())
      fail();
    switch (text[i]) {
    case 'r':
      out += '\r';
      break;
    case 'n':
      out += '\n';
      break;
    case 't':
      out += '\t';
      break;
    case '\\':
    case '"':
      out += text[i];
      break;
    case 'x':
      if (text.size() - i < 3)
        fail();
      out += static_cast<char>(digit(text[i + 1]) << 4 | digit(text[i + 2]));
      i += 2;
      break;
    default:
      fail();
    }
  }
  if (i == text.size())
    fail();
  text.remove_prefix(i + 1);
  return out;
}

inline void take_http_line(http_case& c, std::string_view key, std::string_view text) {
  if (key == "name") {
    c.name = text;
  } else if (key == "send") {
    const auto bytes = take_literal(text);
    const auto times = text.starts_with(" * ") ? std::stoul(std::string{text.substr(3)}) : 1;
    for (std::size_t i = 0; i < times; ++i)
      c.bytes += bytes;
  } else if (key == "result") {
    c.result = text == "accepted"     ? http_case::outcome::accepted
               : text == "needs more" ? http_case::outcome::needs_more
                                      : http_case::outcome::refused;
  } else if (key == "part") {
    c.in_body = text == "body";
  } else if (key == "answer") {
    c.answer = take_literal(text);
  } else if (key == "body") {
    c.body = take_literal(text);
  } else if (key == "left") {
    c.left = std::stoul(std::string{text});
  } else {
    throw std::runtime_error("unknown key " + std::string{key});
  }
}

} // namespace detail

/// Reads the corpus; `path` is usually `GANTRY_TEST_DATA "/http/broken_requests.txt"`. Throws
/// std::runtime_error with path and line if the file is missing or malformed.
inline std::vector<http_case> load_http_corpus(const std::string& path) {
  std::ifstream in{path};
  if (!in)
    throw std::runtime_error("cannot open " + path);
  std::vector<http_case> cases;
  std::string line;
  bool open = false; // the last case is still being read
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.empty()) {
      open = false;
      continue;
    }
    if (line.starts_with('#'))
      continue;
    if (!open)
      cases.emplace_back().line = number;
    open = true;
    const auto colon = line.find(": ");
    try {
      if (colon == line.npos)
        throw std::runtime_error("line without a key");
      detail::take_http_line(cases.back(), std::string_view{line}.substr(0, colon),
                             std::string_view{line}.substr(colon + 2));
    } catch (const std::exception& e) {
      throw std::runtime_error(path + ":" + std::to_string(number) + ": " + e.what());
    }
  }
  return cases;
}

} // namespace gantry::test
