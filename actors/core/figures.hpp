#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

/// What the daemon has done since its start, counted where it is done and read by whoever tells it:
/// no locks, no memory for each thing that is counted. Of the whole process, as what tells it is.
namespace gantry::core {

/// Some durations, in buckets.
struct duration_counts {
  /// Upper bounds of the buckets; those from 5 ms to 10 s are dockerd's.
  static constexpr std::array<std::chrono::nanoseconds, 17> bounds = [] {
    using namespace std::chrono_literals;
    return std::array<std::chrono::nanoseconds, 17>{100us, 250us,  500us, 1ms,   2500us, 5ms,
                                                    10ms,  25ms,   50ms,  100ms, 250ms,  500ms,
                                                    1s,    2500ms, 5s,    10s,   30s};
  }();

  std::array<std::uint64_t, bounds.size() + 1> counts{}; ///< the last: of longer ones
  std::chrono::nanoseconds sum{0};

  std::uint64_t count() const noexcept {
    std::uint64_t all = 0;
    for (auto n : counts)
      all += n;
    return all;
  }
};

/// Counts durations. Any thread.
class duration_figures {
public:
  void add(std::chrono::nanoseconds took) noexcept {
    const auto& bounds = duration_counts::bounds;
    const auto at = std::lower_bound(bounds.begin(), bounds.end(), took);
    counts_[static_cast<std::size_t>(at - bounds.begin())].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(took.count(), std::memory_order_relaxed);
  }

  /// Adds what was counted to `to`.
  void read(duration_counts& to) const noexcept {
    for (std::size_t i = 0; i < counts_.size(); ++i)
      to.counts[i] += counts_[i].load(std::memory_order_relaxed);
    to.sum += std::chrono::nanoseconds{sum_.load(std::memory_order_relaxed)};
  }

private:
  std::array<std::atomic<std::uint64_t>, duration_counts::bounds.size() + 1> counts_{};
  std::atomic<std::int64_t> sum_{0};
};

/// The answers to one route's requests.
struct route_counts {
  std::array<std::uint64_t, 6> answers{}; ///< by the first digit of the status
  duration_counts good, bad; ///< from a request's head to its answer's: below status 400, and above
};

/// What requests have been answered, by route. Routes are numbered by whoever counts; any thread.
class request_figures {
public:
  /// Numbers are below this; a greater one is taken for 0.
  static constexpr std::size_t most_routes = 192;

  /// An answer was made.
  void answered(std::size_t route, int status, std::chrono::nanoseconds took) noexcept {
    auto& r = counted_one(route, status);
    (status < 400 ? r.good : r.bad).add(took);
  }

  /// Something that was no whole request was answered.
  void refused(std::size_t route, int status) noexcept { counted_one(route, status); }

  /// `route`: below `most_routes`.
  route_counts read(std::size_t route) const noexcept {
    route_counts all;
    for (const auto& shard : shards_) {
      const auto& r = shard[route];
      for (std::size_t i = 0; i < all.answers.size(); ++i)
        all.answers[i] += r.answers[i].load(std::memory_order_relaxed);
      r.good.read(all.good);
      r.bad.read(all.bad);
    }
    return all;
  }

private:
  struct place {
    std::array<std::atomic<std::uint64_t>, 6> answers{};
    duration_figures good, bad;
  };
  using table = std::array<place, most_routes>;

  place& counted_one(std::size_t route, int status) noexcept {
    auto& r = of_this_thread()[route < most_routes ? route : 0];
    const auto digit = static_cast<std::size_t>(std::clamp(status / 100, 0, 5));
    r.answers[digit].fetch_add(1, std::memory_order_relaxed);
    return r;
  }

  /// Threads that serve the same route do not take turns with its memory.
  table& of_this_thread() noexcept {
    static constinit std::atomic<std::size_t> threads{0};
    thread_local const auto mine = threads.fetch_add(1, std::memory_order_relaxed);
    return shards_[mine % shards_.size()];
  }

  std::array<table, 4> shards_{};
};

/// What is counted. Memory that nothing is counted in is not used.
struct figures {
  request_figures requests;
  std::atomic<std::uint64_t> events{0};               ///< published
  std::atomic<std::uint64_t> event_subscribers{0};    ///< now
  std::atomic<std::uint64_t> health_checks{0};        ///< begun
  std::atomic<std::uint64_t> health_checks_failed{0}; ///< that could not be run
  duration_figures health_check_starts;               ///< until a check's process runs
};

/// Those of this process.
inline figures& counted() noexcept {
  static constinit figures all;
  return all;
}

} // namespace gantry::core
