#include "protocol/inspect/latency.hpp"

#include <cmath>
#include <cstddef>
#include <limits>

namespace gantry::inspect {

namespace {

/// As nanoseconds, rounded up; the longest that can be told if it is longer.
nanoseconds whole(double length) noexcept {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  const double up = std::ceil(length);
  return nanoseconds{up >= static_cast<double>(most) ? most : static_cast<std::int64_t>(up)};
}

/// Upper bound of the bucket that holds the duration at `rank`, counted from 1.
nanoseconds bound_of(const latency& figures, std::uint64_t rank) noexcept {
  for (const auto& [upper, count] : figures.buckets) {
    if (rank <= count)
      return upper;
    rank -= count;
  }
  return nanoseconds{0};
}

/// The rank of which `percent` of 100 are at or below.
std::uint64_t rank_of(std::uint64_t count, std::uint64_t percent) noexcept {
  return count / 100 * percent + (count % 100 * percent + 99) / 100;
}

} // namespace

latency latency_of(std::span<const std::uint64_t> counts, double nanoseconds_per_tick,
                   std::optional<nanoseconds> total) {
  latency figures;
  double sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0)
      continue;
    const double upper = std::ldexp(nanoseconds_per_tick, static_cast<int>(i));
    const auto bound = whole(upper);
    if (figures.buckets.empty() || figures.buckets.back().first != bound)
      figures.buckets.emplace_back(bound, 0);
    figures.buckets.back().second += counts[i];
    figures.count += counts[i];
    sum += (i == 0 ? 0.0 : 0.75 * upper) * static_cast<double>(counts[i]);
  }
  if (figures.count == 0)
    return figures;
  if (total)
    sum = static_cast<double>(total->count());
  figures.mean = whole(sum / static_cast<double>(figures.count));
  figures.p50 = bound_of(figures, rank_of(figures.count, 50));
  figures.p99 = bound_of(figures, rank_of(figures.count, 99));
  figures.max = figures.buckets.back().first;
  return figures;
}

} // namespace gantry::inspect
