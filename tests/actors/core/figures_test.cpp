#include "actors/core/figures.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <thread>
#include <vector>

using namespace gantry::core;
using namespace std::chrono_literals;

TEST_CASE("figures: durations are in the first bucket that is long enough", "[actors][core]") {
  duration_figures figures;
  for (auto d : {0ns, 100'000ns, 100'001ns, 30'000'000'000ns, 30'000'000'001ns})
    figures.add(d);
  duration_counts counts;
  figures.read(counts);
  CHECK(counts.counts[0] == 2);
  CHECK(counts.counts[1] == 1);
  CHECK(counts.counts[duration_counts::bounds.size() - 1] == 1);
  CHECK(counts.counts[duration_counts::bounds.size()] == 1);
  CHECK(counts.count() == 5);
  CHECK(counts.sum == 60'000'200'002ns);
  figures.read(counts);
  CHECK(counts.count() == 10);
}

TEST_CASE("figures: answers by route and status", "[actors][core]") {
  auto figures = std::make_unique<request_figures>();
  figures->answered(3, 200, 1ms);
  figures->answered(3, 304, 2ms);
  figures->answered(3, 404, 4ms);
  figures->answered(request_figures::most_routes, 500, 8ms); // more routes than there may be
  figures->refused(0, 431);
  const auto one = figures->read(3);
  CHECK(one.answers == std::array<std::uint64_t, 6>{0, 0, 1, 1, 1, 0});
  CHECK(one.good.count() == 2);
  CHECK(one.good.sum == 3ms);
  CHECK(one.bad.count() == 1);
  CHECK(one.bad.sum == 4ms);
  const auto other = figures->read(0);
  CHECK(other.answers == std::array<std::uint64_t, 6>{0, 0, 0, 0, 1, 1});
  CHECK(other.bad.count() == 1);
}

TEST_CASE("figures: threads lose nothing", "[actors][core]") {
  auto figures = std::make_unique<request_figures>();
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&figures] {
      for (int i = 0; i < 10'000; ++i)
        figures->answered(1, 200, 1us);
    });
  for (auto& t : threads)
    t.join();
  const auto counts = figures->read(1);
  CHECK(counts.answers[2] == 80'000);
  CHECK(counts.good.count() == 80'000);
  CHECK(counts.good.sum == 80ms);
}
