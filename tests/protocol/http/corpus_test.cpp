#include "protocol/http/refusal.hpp"
#include "tests/support/http_beast.hpp"
#include "tests/support/http_corpus.hpp"
#include "tests/support/http_feed.hpp"

#include <catch2/catch.hpp>

#include <numeric>
#include <set>

using namespace gantry;
using test::http_case;

namespace {

/// Up to this size a case is cut at every byte; larger ones near their ends and at a stride.
constexpr std::size_t small_case = 1024;
constexpr std::size_t large_stride = 16381;
constexpr std::size_t large_ends = 20;

const std::vector<http_case>& corpus() {
  static const auto cases = test::load_http_corpus(GANTRY_TEST_DATA "/http/broken_requests.txt");
  return cases;
}

std::string describe(const http_case& c, const test::fed_request& got) {
  return "line " + std::to_string(c.line) + ": " + c.name + ": " +
         std::to_string(got.error.status) + " " + got.error.detail;
}

bool as_expected(const http_case& c, const test::fed_request& got) {
  switch (c.result) {
  case http_case::outcome::refused:
    return got.state == http::progress::refused && got.in_body == c.in_body &&
           http::refusal_bytes(got.error) == c.answer;
  case http_case::outcome::needs_more:
    return got.state == http::progress::need_more && got.in_body == c.in_body;
  default:
    return got.state == http::progress::complete && got.body == c.body && got.left == c.left;
  }
}

} // namespace

TEST_CASE("http corpus: is large, and no name occurs twice", "[protocol][http]") {
  std::set<std::string> names;
  for (const auto& c : corpus()) {
    INFO(c.line << ": " << c.name);
    CHECK(names.insert(c.name).second);
    CHECK((c.result == http_case::outcome::refused) == !c.answer.empty());
  }
  CHECK(corpus().size() >= 220);
}

TEST_CASE("http corpus: every request has its exact answer when it comes whole",
          "[protocol][http]") {
  for (const auto& c : corpus()) {
    const auto got = test::feed_request(c.bytes, {}, true);
    INFO(describe(c, got));
    CHECK(as_expected(c, got));
  }
}

TEST_CASE("http corpus: the answer is the same when the request is cut at any byte",
          "[protocol][http]") {
  for (const auto& c : corpus()) {
    const auto whole = test::feed_request(c.bytes, {}, true);
    const auto size = c.bytes.size();
    const bool small = size <= small_case;
    for (std::size_t cut = 1; cut < size; ++cut) {
      if (!small && cut > large_ends && cut + large_ends < size && cut % large_stride != 0)
        continue;
      const auto cut_once = test::feed_request(c.bytes, {cut}, small);
      if (!test::same(whole, cut_once))
        FAIL("cut at " << cut << ": " << describe(c, cut_once));
    }
  }
}

TEST_CASE("http corpus: the answer is the same when the request comes byte by byte",
          "[protocol][http]") {
  for (const auto& c : corpus()) {
    const auto whole = test::feed_request(c.bytes, {}, true);
    std::vector<std::size_t> cuts(c.bytes.size());
    std::iota(cuts.begin(), cuts.end(), std::size_t{0});
    const auto slow = test::feed_request(c.bytes, cuts, c.bytes.size() <= small_case);
    INFO(describe(c, slow));
    CHECK(test::same(whole, slow));
    const auto narrow = test::feed_request(c.bytes, {}, c.bytes.size() <= small_case, 1);
    INFO(describe(c, narrow));
    CHECK(test::same(whole, narrow));
  }
}

TEST_CASE("http corpus: what is accepted Beast reads in the same way", "[protocol][http]") {
  for (const auto& c : corpus()) {
    const auto got = test::feed_request(c.bytes, {}, true);
    INFO(describe(c, got));
    if (got.head)
      CHECK(test::beast_disagrees(*got.head, c.bytes) == "");
  }
}
