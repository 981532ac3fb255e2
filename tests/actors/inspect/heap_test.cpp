#include "actors/inspect/heap.hpp"
#include "tests/actors/inspect/pprof_tool.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace gantry;

TEST_CASE("heap profile: DB1, is written in the form of pprof", "[actors][inspect]") {
  inspect::heap_samples samples;
  samples.period = 1024;
  samples.stacks = {{{0x10, 0x20}, 2, 4096, 3, 6144}, {{0x30}, 1, 8, 1, 8}, {{0x40}, 0, 0, 5, 50}};
  CHECK(inspect::heap_profile_text(samples, 0) == "heap profile: 3: 4104 [9: 6202] @ heap/2048\n"
                                                  "2: 4096 [3: 6144] @ 0x10 0x20\n"
                                                  "1: 8 [1: 8] @ 0x30\n");
  auto address = reinterpret_cast<std::uintptr_t>(&inspect::stop_heap_sampling) + 1;
  samples.stacks = {{{address}, 1, 8, 1, 8}};
  CHECK(inspect::heap_profile_text(samples, 1)
            .find("\tgantry::inspect::stop_heap_sampling()+0x1\n") != std::string::npos);
}

TEST_CASE("heap profile: says why it is empty", "[actors][inspect]") {
  inspect::stop_heap_sampling();
  auto text = inspect::heap_profile_text(1);
  CHECK(text.find("# the heap is not sampled: ") != std::string::npos);
  CHECK(text.find("\nMAPPED_LIBRARIES:\n") != std::string::npos);
  CHECK(text.find("# Sys = ") != std::string::npos);
}

// With a sanitizer its own allocator is in place, and there is nothing to be sampled.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

/// Allocates under a name of its own.
[[gnu::noinline]] std::vector<std::unique_ptr<char[]>> hoarding_function(std::size_t count,
                                                                         std::size_t size) {
  std::vector<std::unique_ptr<char[]>> all;
  for (std::size_t i = 0; i < count; ++i)
    all.push_back(std::make_unique<char[]>(size));
  return all;
}

struct totals {
  std::uint64_t live_objects = 0;
  std::uint64_t live_bytes = 0;
  std::uint64_t all_objects = 0;
};

totals sum(const inspect::heap_samples& samples) {
  totals t;
  for (const auto& s : samples.stacks) {
    t.live_objects += s.live_objects;
    t.live_bytes += s.live_bytes;
    t.all_objects += s.all_objects;
  }
  return t;
}

/// Samples while it lives.
struct sampling {
  explicit sampling(std::size_t period) { inspect::start_heap_sampling(period); }
  sampling(const sampling&) = delete;
  sampling& operator=(const sampling&) = delete;
  ~sampling() { inspect::stop_heap_sampling(); }
};

} // namespace

TEST_CASE("heap sampling: the estimate is near the truth", "[actors][inspect]") {
  sampling on{16 * 1024};
  constexpr std::size_t count = 20'000;
  constexpr std::size_t size = 1024;
  auto before = sum(inspect::read_heap_samples());
  auto hoard = hoarding_function(count, size);
  auto after = sum(inspect::read_heap_samples());
  // 20 MB, one sample in 16 KiB: 1250 expected, its deviation 35.
  auto samples = static_cast<double>(after.live_objects - before.live_objects);
  auto chance = 1 - std::exp(-static_cast<double>(size) / (16 * 1024));
  CHECK(samples / chance == Approx(count).epsilon(0.2));
}

TEST_CASE("heap sampling: freed memory is no longer live, in any thread", "[actors][inspect]") {
  sampling on{1};
  auto hoard = hoarding_function(1000, 64);
  auto full = sum(inspect::read_heap_samples());
  CHECK(full.live_objects >= 1000);
  std::thread{[&hoard] { hoard.clear(); }}.join();
  auto empty = sum(inspect::read_heap_samples());
  CHECK(empty.live_objects <= full.live_objects - 1000);
  CHECK(empty.all_objects >= full.all_objects);
}

TEST_CASE("heap sampling: memory from before and after is freed in peace", "[actors][inspect]") {
  auto before = hoarding_function(100, 64);
  std::vector<std::unique_ptr<char[]>> during;
  {
    sampling on{1};
    during = hoarding_function(100, 64);
    before.clear();
  }
  auto after = hoarding_function(100, 64);
  during.clear();
  after.clear();
  inspect::start_heap_sampling(1);
  inspect::stop_heap_sampling();
  CHECK(sum(inspect::read_heap_samples()).live_objects < 100);
}

TEST_CASE("heap sampling: threads that allocate at once are all seen", "[actors][inspect]") {
  sampling on{4096};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([] {
      for (int round = 0; round < 200; ++round)
        hoarding_function(50, 256);
    });
  for (auto& t : threads)
    t.join();
  // 4 threads, 200 rounds, 50 x 256 bytes: 10 MB, about 2500 samples.
  CHECK(sum(inspect::read_heap_samples()).all_objects > 1000);
}

TEST_CASE("heap profile: a hoarding function is seen by google-pprof", "[actors][inspect]") {
  sampling on{1024};
  auto hoard = hoarding_function(1000, 4096);
  auto text = test::google_pprof(inspect::heap_profile_text(0));
  INFO(text);
  CHECK(text.find("hoarding_function") != std::string::npos);
}

#endif
