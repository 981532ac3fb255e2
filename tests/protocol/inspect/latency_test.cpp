#include "protocol/inspect/latency.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <limits>
#include <utility>

using namespace gantry::inspect;
using namespace std::chrono_literals;

TEST_CASE("latency: none without counts", "[protocol][inspect]") {
  CHECK(latency_of({}, 1.0) == latency{});
  const std::array<std::uint64_t, 4> zeros{};
  CHECK(latency_of(zeros, 1.0, 7ns) == latency{});
}

TEST_CASE("latency: figures are the upper bounds of buckets", "[protocol][inspect]") {
  std::array<std::uint64_t, 48> counts{};
  counts[4] = 90; // 8 to 15 ticks
  counts[8] = 9;  // 128 to 255
  counts[12] = 1; // 2048 to 4095
  const auto figures = latency_of(counts, 2.0);
  CHECK(figures.count == 100);
  CHECK(figures.p50 == 32ns);
  CHECK(figures.p99 == 512ns);
  CHECK(figures.max == 8192ns);
  using buckets = std::vector<std::pair<std::chrono::nanoseconds, std::uint64_t>>;
  CHECK(figures.buckets == buckets{{32ns, 90}, {512ns, 9}, {8192ns, 1}});
}

TEST_CASE("latency: the 99th of a hundred and one is not the last but one", "[protocol][inspect]") {
  std::array<std::uint64_t, 3> counts{0, 99, 1};
  CHECK(latency_of(counts, 1.0).p99 == 2ns);
  counts = {0, 98, 2};
  CHECK(latency_of(counts, 1.0).p99 == 4ns);
  counts = {0, 1, 0};
  CHECK(latency_of(counts, 1.0).p99 == 2ns);
}

TEST_CASE("latency: the mean is exact if the sum is known, else about the middle",
          "[protocol][inspect]") {
  const std::array<std::uint64_t, 4> counts{0, 0, 0, 10}; // 4 to 7 ticks
  CHECK(latency_of(counts, 1.0).mean == 6ns);
  CHECK(latency_of(counts, 1.0, 45ns).mean == 5ns);
}

TEST_CASE("latency: bounds below a nanosecond are rounded up and put together",
          "[protocol][inspect]") {
  const std::array<std::uint64_t, 3> counts{1, 2, 3};
  const auto figures = latency_of(counts, 0.25);
  REQUIRE(figures.buckets.size() == 1);
  CHECK(figures.buckets[0].first == 1ns);
  CHECK(figures.buckets[0].second == 6);
  CHECK(figures.max == 1ns);
}

TEST_CASE("latency: what is too long to be told is the longest", "[protocol][inspect]") {
  std::array<std::uint64_t, 64> counts{};
  counts[63] = std::numeric_limits<std::uint64_t>::max();
  const auto figures = latency_of(counts, 1000.0);
  CHECK(figures.max == std::chrono::nanoseconds::max());
  CHECK(figures.p99 == figures.max);
}
