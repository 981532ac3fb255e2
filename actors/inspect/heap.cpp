#include "actors/inspect/heap.hpp"

#include "actors/host/tree_reader.hpp"
#include "actors/inspect/symbols.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>
#include <unordered_map>
#include <utility>

#include <execinfo.h>
#include <malloc.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GANTRY_HEAP_HOOKS 0
#else
#define GANTRY_HEAP_HOOKS 1
#endif

namespace gantry::inspect {

namespace {

constexpr std::size_t max_depth = 48;
/// Stacks kept apart; the rest counts as one without addresses.
constexpr std::size_t max_stacks = 8192;

using addresses = std::vector<std::uintptr_t>;

struct counts {
  std::uint64_t live_objects = 0;
  std::uint64_t live_bytes = 0;
  std::uint64_t all_objects = 0;
  std::uint64_t all_bytes = 0;
};

struct live_object {
  counts* of = nullptr;
  std::size_t size = 0;
};

struct recorder {
  std::mutex mutex;
  std::map<addresses, counts> stacks;
  std::unordered_map<const void*, live_object> live;
};

// Lives for ever: memory is freed until the very end of the process.
recorder& the_recorder() {
  static auto* instance = new recorder;
  return *instance;
}

constinit std::atomic<bool> sampling{false};
constinit std::atomic<std::uint32_t> generation{0}; ///< counts the starts
constinit std::atomic<std::size_t> period{heap_sampling_period};
/// Number of live samples; `operator delete` looks no further while it is 0.
constinit std::atomic<std::size_t> live_samples{0};

/// Live samples by a hash of their address: says of almost every address that it is none.
constinit std::array<std::atomic<std::uint16_t>, 4096> filter{};

std::atomic<std::uint16_t>& filter_of(const void* p) noexcept {
  auto number = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(p)) >> 4;
  return filter[(number * 0x9E3779B97F4A7C15ULL) >> 52];
}

struct thread_sampler {
  std::int64_t bytes_left = 0;  ///< until the next sample
  std::uint64_t random = 0;     ///< 0: this thread has not begun
  std::uint32_t generation = 0; ///< of the sampling that `bytes_left` belongs to
  bool inside = false;          ///< the sampler itself allocates
};
constinit thread_local thread_sampler mine;

/// What is allocated and freed while this lives is not looked at.
struct unwatched {
  bool before = std::exchange(mine.inside, true);
  ~unwatched() { mine.inside = before; }
};

/// Distance to the next sample: exponential, so that each byte is as likely as any other.
std::int64_t next_distance() noexcept {
  if (mine.random == 0)
    mine.random = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&mine)) | 1;
  // xorshift64*
  mine.random ^= mine.random >> 12;
  mine.random ^= mine.random << 25;
  mine.random ^= mine.random >> 27;
  auto bits = (mine.random * 0x2545F4914F6CDD1DULL) >> 11;
  auto uniform = (static_cast<double>(bits) + 1) / 9007199254740993.0; // above 0, below 1
  auto mean = static_cast<double>(period.load(std::memory_order_relaxed));
  return static_cast<std::int64_t>(-std::log(uniform) * mean) + 1;
}

addresses stack_above(const void* caller) {
  std::array<void*, max_depth> frames{};
  auto depth = static_cast<std::size_t>(::backtrace(frames.data(), max_depth));
  auto end = frames.begin() + depth;
  auto first = std::find(frames.begin(), end, caller);
  if (first == end)
    first = frames.begin();
  addresses stack;
  for (; first != end; ++first)
    stack.push_back(reinterpret_cast<std::uintptr_t>(*first));
  return stack;
}

[[gnu::noinline, gnu::cold]] void sample(const void* p, std::size_t size, const void* caller) {
  unwatched guard;
  auto stack = stack_above(caller);
  auto& r = the_recorder();
  std::lock_guard lock{r.mutex};
  if (!sampling.load(std::memory_order_relaxed))
    return;
  if (r.stacks.size() >= max_stacks && !r.stacks.contains(stack))
    stack.clear();
  auto& c = r.stacks[std::move(stack)];
  ++c.live_objects;
  ++c.all_objects;
  c.live_bytes += size;
  c.all_bytes += size;
  r.live[p] = {&c, size};
  filter_of(p).fetch_add(1, std::memory_order_relaxed);
  live_samples.fetch_add(1, std::memory_order_relaxed);
}

[[maybe_unused]] void on_allocated(const void* p, std::size_t size, const void* caller) {
  if (mine.inside)
    return;
  if (auto now = generation.load(std::memory_order_relaxed); mine.generation != now) {
    mine.generation = now;
    mine.bytes_left = next_distance();
  }
  mine.bytes_left -= static_cast<std::int64_t>(size);
  if (mine.bytes_left >= 0)
    return;
  mine.bytes_left = next_distance();
  sample(p, size, caller);
}

[[maybe_unused, gnu::noinline]] void on_freed(const void* p) noexcept {
  if (mine.inside || filter_of(p).load(std::memory_order_relaxed) == 0)
    return;
  unwatched guard;
  auto& r = the_recorder();
  std::lock_guard lock{r.mutex};
  auto found = r.live.find(p);
  if (found == r.live.end())
    return;
  auto& c = *found->second.of;
  --c.live_objects;
  c.live_bytes -= found->second.size;
  r.live.erase(found);
  filter_of(p).fetch_sub(1, std::memory_order_relaxed);
  live_samples.fetch_sub(1, std::memory_order_relaxed);
}

void append_counts(std::string& out, const counts& c) {
  char line[128];
  std::snprintf(line, sizeof line, "%" PRIu64 ": %" PRIu64 " [%" PRIu64 ": %" PRIu64 "] @",
                c.live_objects, c.live_bytes, c.all_objects, c.all_bytes);
  out += line;
}

std::string hex(std::uintptr_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%" PRIxPTR, value);
  return text;
}

void append_names(std::string& out, const addresses& stack, const symbolizer& symbols) {
  for (auto address : stack) {
    out.append("#\t").append(hex(address));
    // An address of a stack is where the call returns to, which may be in the next function.
    if (auto found = symbols.find(address - 1))
      out.append("\t").append(found->name).append("+").append(hex(found->offset + 1));
    out += '\n';
  }
  out += '\n';
}

void append_malloc_figures(std::string& out) {
  auto info = ::mallinfo2();
  auto add = [&out](const char* name, std::size_t value) {
    out.append("# ").append(name).append(" = ").append(std::to_string(value)).append("\n");
  };
  out += "\n# malloc\n";
  add("Alloc", info.uordblks + info.hblkhd);
  add("Sys", info.arena + info.hblkhd);
  add("HeapIdle", info.fordblks);
  add("HeapInuse", info.uordblks + info.hblkhd);
}

} // namespace

bool can_sample_heap() noexcept { return GANTRY_HEAP_HOOKS != 0; }

void start_heap_sampling(std::size_t wanted) {
  unwatched guard;
  void* frame = nullptr;
  ::backtrace(&frame, 1); // loads what it needs now and not in the midst of an allocation
  auto& r = the_recorder();
  std::lock_guard lock{r.mutex};
  r.stacks.clear();
  r.live.clear();
  for (auto& count : filter)
    count.store(0, std::memory_order_relaxed);
  live_samples = 0;
  period = std::max<std::size_t>(1, wanted);
  ++generation;
  sampling = can_sample_heap();
}

void stop_heap_sampling() noexcept { sampling = false; }

heap_samples read_heap_samples() {
  unwatched guard;
  heap_samples result;
  result.period = period;
  {
    auto& r = the_recorder();
    std::lock_guard lock{r.mutex};
    for (const auto& [stack, c] : r.stacks)
      result.stacks.push_back({stack, c.live_objects, c.live_bytes, c.all_objects, c.all_bytes});
  }
  std::stable_sort(result.stacks.begin(), result.stacks.end(),
                   [](const auto& a, const auto& b) { return a.live_bytes > b.live_bytes; });
  return result;
}

std::string heap_profile_text(const heap_samples& samples, int debug) {
  counts total;
  for (const auto& s : samples.stacks) {
    total.live_objects += s.live_objects;
    total.live_bytes += s.live_bytes;
    total.all_objects += s.all_objects;
    total.all_bytes += s.all_bytes;
  }
  std::string out = "heap profile: ";
  append_counts(out, total);
  // NOTE: twice the period is what readers of this form expect.
  out.append(" heap/").append(std::to_string(2 * samples.period)).append("\n");
  std::optional<symbolizer> symbols;
  if (debug > 0)
    symbols.emplace();
  for (const auto& s : samples.stacks) {
    // NOTE: google-pprof divides by the number of live objects.
    if (s.live_objects == 0)
      continue;
    append_counts(out, {s.live_objects, s.live_bytes, s.all_objects, s.all_bytes});
    for (auto address : s.addresses)
      out.append(" ").append(hex(address));
    out += '\n';
    if (symbols)
      append_names(out, s.addresses, *symbols);
  }
  return out;
}

std::string heap_profile_text(int debug) {
  auto out = heap_profile_text(read_heap_samples(), debug);
  if (!sampling.load(std::memory_order_relaxed))
    out += can_sample_heap() ? "# the heap is not sampled: the daemon runs without debug\n"
                             : "# the heap is not sampled: this build has another allocator\n";
  if (debug > 0)
    append_malloc_figures(out);
  out += "\nMAPPED_LIBRARIES:\n";
  return out += host::read_text("/proc/self/maps");
}

} // namespace gantry::inspect

#if GANTRY_HEAP_HOOKS

// The other forms of the standard library end in these; those with an alignment are not sampled.

// NOLINTBEGIN(cppcoreguidelines-no-malloc)
// The compiler sees delete call free, and not that new calls malloc.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void* operator new(std::size_t size) {
  void* p = nullptr;
  while ((p = std::malloc(size == 0 ? 1 : size)) == nullptr)
    [[unlikely]] {
      auto* handler = std::get_new_handler();
      if (!handler)
        throw std::bad_alloc{};
      handler();
    }
  if (gantry::inspect::sampling.load(std::memory_order_relaxed)) [[unlikely]]
    gantry::inspect::on_allocated(p, size, __builtin_return_address(0));
  return p;
}

void operator delete(void* p) noexcept {
  if (gantry::inspect::live_samples.load(std::memory_order_relaxed) != 0) [[unlikely]]
    gantry::inspect::on_freed(p);
  std::free(p);
}

void operator delete(void* p, std::size_t) noexcept { ::operator delete(p); }
// NOLINTEND(cppcoreguidelines-no-malloc)

#endif
