#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// Where the heap's memory comes from, by sampling `operator new`.
///
/// Why not tcmalloc's profiler: that malloc costs 4 MiB of memory at rest, 40 % of what the whole
/// daemon may have, for a third of the time of a malloc/free pair; and its profile is of no use
/// unless sampling is on from the start. glibc's malloc stays; `operator new` and `delete` get one
/// load and one branch each, and nothing more unless sampling was started. What C libraries take by
/// malloc(3) is not seen. Built with a sanitizer, which has an allocator of its own, nothing is.
namespace gantry::inspect {

/// Mean distance of two samples in bytes.
inline constexpr std::size_t heap_sampling_period = 512 * 1024;

/// Whether this build can sample.
bool can_sample_heap() noexcept;

/// Samples what is allocated from now on: each byte with the same probability, one in `period` on
/// average, at the cost of one stack trace per sample. The daemon does so when it runs with debug.
/// Any thread; a second call changes the period and forgets all samples.
void start_heap_sampling(std::size_t period = heap_sampling_period);

/// Takes no further samples. Those taken stay until their memory is freed.
void stop_heap_sampling() noexcept;

/// The samples with the same stack.
struct heap_stack {
  std::vector<std::uintptr_t> addresses; ///< innermost first
  std::uint64_t live_objects = 0;
  std::uint64_t live_bytes = 0;
  std::uint64_t all_objects = 0; ///< with those that were freed
  std::uint64_t all_bytes = 0;
};

/// All samples at one moment.
struct heap_samples {
  std::size_t period = heap_sampling_period;
  std::vector<heap_stack> stacks; ///< most live bytes first
};

/// Copies the samples. Any thread.
heap_samples read_heap_samples();

/// The samples as google-pprof and `go tool pprof` read them (clause DB1): header, stacks with live
/// memory, memory map. `debug` > 0 adds the functions' names and figures of malloc as comments.
/// Blocks.
std::string heap_profile_text(int debug);

/// The same for given samples, without the memory map.
std::string heap_profile_text(const heap_samples& samples, int debug);

} // namespace gantry::inspect
