#include "actors/runtime/spans.hpp"

#include <algorithm>
#include <bit>
#include <new>

namespace gantry::runtime {

namespace {

constexpr unsigned kind_bits = 16;

std::uint32_t bits_of(ticks t) noexcept {
  // Signed, for which there is an instruction.
  return std::bit_cast<std::uint32_t>(static_cast<float>(static_cast<std::int64_t>(t)));
}

ticks ticks_of(std::uint32_t bits) noexcept {
  return static_cast<ticks>(std::bit_cast<float>(bits));
}

} // namespace

span_ring::~span_ring() {
  for (auto& b : blocks_)
    delete b.load(std::memory_order_relaxed);
}

span_ring::block* span_ring::make(std::atomic<block*>& place) noexcept {
  auto* made = new (std::nothrow) block{};
  place.store(made, std::memory_order_release);
  return made;
}

void span_ring::write(entry& e, const span& s) noexcept {
  constexpr auto release = std::memory_order_release;
  e.began.store(s.began, release);
  e.times.store(std::uint64_t{bits_of(s.took)} << 32 | bits_of(s.waited), release);
  e.actor.store(s.actor, release);
  e.request_and_kind.store(s.request << kind_bits | s.kind, release);
  e.message.store(s.message, release);
}

span span_ring::read(const entry& e) noexcept {
  constexpr auto acquire = std::memory_order_acquire;
  span s;
  s.began = e.began.load(acquire);
  auto times = e.times.load(acquire);
  s.took = ticks_of(static_cast<std::uint32_t>(times >> 32));
  s.waited = ticks_of(static_cast<std::uint32_t>(times));
  s.actor = e.actor.load(acquire);
  auto request_and_kind = e.request_and_kind.load(acquire);
  s.request = request_and_kind >> kind_bits;
  s.kind = static_cast<kind_id>(request_and_kind);
  s.message = e.message.load(acquire);
  return s;
}

std::vector<span> span_ring::all() const {
  auto end = count_.load(std::memory_order_acquire);
  auto first = end > capacity ? end - capacity : 0;
  std::vector<span> result;
  result.reserve(end - first);
  for (auto at = first; at != end; ++at) {
    const auto& b = *blocks_[at / block_size % blocks_.size()].load(std::memory_order_acquire);
    result.push_back(read(b[at % block_size]));
  }
  // What was written over meanwhile is not what it was; the place behind the last one may be half
  // written now.
  auto now = count_.load(std::memory_order_acquire);
  auto intact = now >= capacity ? now - capacity + 1 : 0;
  if (intact > first)
    result.erase(result.begin(), result.begin() + static_cast<std::ptrdiff_t>(
                                                      std::min(intact - first, end - first)));
  return result;
}

} // namespace gantry::runtime
