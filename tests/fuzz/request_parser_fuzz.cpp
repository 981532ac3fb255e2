#include "protocol/http/form.hpp"
#include "protocol/http/media_type.hpp"
#include "tests/support/http_beast.hpp"
#include "tests/support/http_feed.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

// The input is a connection's bytes behind one byte that says how they are cut into pieces.
// 1. The result does not depend on the pieces, nor on how much content a call may produce.
// 2. What is accepted Beast reads in the same way.
// 3. What follows from a head - query, path, Content-Type - is a value or an error, never a crash.

namespace {

using namespace gantry;

void require(bool condition, const char* what) {
  if (condition)
    return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

std::vector<std::size_t> cuts_of(std::size_t size, std::size_t stride) {
  std::vector<std::size_t> cuts;
  for (std::size_t at = stride; at < size; at += stride)
    cuts.push_back(at);
  return cuts;
}

void check_pieces(const test::fed_request& whole, std::string_view bytes, unsigned choice) {
  const std::size_t stride = 1 + choice % 64;
  const std::size_t max_out = 1 + choice / 64;
  require(test::same(whole, test::feed_request(bytes, cuts_of(bytes.size(), stride), true)),
          "same result in pieces");
  require(test::same(whole, test::feed_request(bytes, {}, true, max_out)),
          "same result with bounded output");
  // Nothing that comes behind a decision changes it.
  if (whole.state == http::progress::need_more)
    return;
  auto longer = test::feed_request(std::string{bytes} + "GET / HTTP/1.1\r\n", {}, true);
  if (whole.state == http::progress::complete)
    longer.left = whole.left;
  require(test::same(whole, longer), "same result with more behind");
}

void check_head(const http::request& r) {
  require(!r.method.empty() && !r.path.empty(), "method and path");
  require(r.path.find('\0') == r.path.npos, "no NUL in the path");
  require(r.version == 10 || r.version == 11, "version");
  for (const auto& f : r.fields)
    require(http::is_token(f.name) && http::trim(f.value) == f.value, "fields");
  if (const auto values = http::parse_query(r.query))
    for (const auto& [key, value] : *values)
      require(values->has(key) && !values->all(key).empty(), "query values");
  (void)http::parse_media_type(r.header("content-type"));
  (void)http::parse_int(r.query);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  const auto whole = test::feed_request(bytes, {}, true);
  check_pieces(whole, bytes, data[0]);
  if (whole.head) {
    check_head(*whole.head);
    const auto difference = test::beast_disagrees(*whole.head, bytes);
    require(difference.empty(), difference.c_str());
  }
  (void)http::parse_query(bytes);
  (void)http::parse_media_type(bytes);
  return 0;
}
