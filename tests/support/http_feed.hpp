#pragma once

#include "protocol/http/body_decoder.hpp"
#include "protocol/http/request_parser.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::test {

/// What became of the bytes of a connection.
struct fed_request {
  http::progress state = http::progress::need_more;
  bool in_body = false; ///< the head was complete
  std::shared_ptr<const http::request> head;
  std::string body;
  std::size_t left = 0; ///< if complete: bytes behind the request
  http::refusal error;
};

/// True if both say the same about the same bytes.
inline bool same(const fed_request& a, const fed_request& b) {
  const auto same_head = [](const http::request& x, const http::request& y) {
    return x.method == y.method && x.target == y.target && x.host == y.host && x.path == y.path &&
           x.query == y.query && x.version == y.version && x.keep_alive == y.keep_alive &&
           x.expect_continue == y.expect_continue && x.framing == y.framing &&
           x.content_length == y.content_length && x.upgrade == y.upgrade &&
           std::equal(x.fields.begin(), x.fields.end(), y.fields.begin(), y.fields.end(),
                      [](const http::field& f, const http::field& g) {
                        return f.name == g.name && f.value == g.value;
                      });
  };
  return a.state == b.state && a.in_body == b.in_body && a.body == b.body && a.left == b.left &&
         a.error == b.error && !a.head == !b.head && (!a.head || same_head(*a.head, *b.head));
}

/// Reads one request from `bytes` as a connection does that gets them in pieces, cut at the offsets
/// `cuts` (ascending). `max_out` is the decoder's for each call. With `exact` every call sees
/// memory that ends with its input, so that a sanitizer finds a read beyond it; that makes a copy
/// per call.
inline fed_request feed_request(std::string_view bytes, std::vector<std::size_t> cuts, bool exact,
                                std::size_t max_out = std::string::npos) {
  fed_request fed;
  http::request_parser parser;
  http::body_decoder decoder;
  std::size_t done = 0; // bytes consumed
  cuts.push_back(bytes.size());
  for (const std::size_t cut : cuts) {
    for (;;) {
      std::string_view input = bytes.substr(done, cut - done);
      std::unique_ptr<char[]> copy;
      if (exact) {
        copy = std::make_unique<char[]>(input.size());
        std::copy(input.begin(), input.end(), copy.get());
        input = {copy.get(), input.size()};
      }
      if (!fed.in_body) {
        auto r = parser.parse_head(input);
        fed.state = r.state;
        fed.error = r.error;
        if (r.state != http::progress::complete)
          break;
        fed.head = r.head;
        fed.in_body = true;
        decoder = http::body_decoder{*fed.head};
        done += r.consumed;
        continue;
      }
      const auto r = decoder.decode(input, fed.body, max_out);
      fed.state = r.state;
      fed.error = r.error;
      done += r.consumed;
      if (r.state != http::progress::need_more || r.consumed == 0)
        break;
    }
    if (fed.state == http::progress::refused)
      return fed;
    if (fed.state == http::progress::complete) {
      fed.left = bytes.size() - done;
      return fed;
    }
  }
  return fed;
}

} // namespace gantry::test
