#pragma once

#include "actors/core/boards.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gantry::core {

/// The card of a stream, kept by the actor that writes into it. Without a board it does nothing.
class stream_meter {
public:
  /// Once. `what` is a literal: `job output`.
  void begin(stream_board* on, std::uint64_t actor, const char* what, request_id request,
             std::int64_t credit) {
    place_.put_up(on, {actor, what, request, 0, credit, std::chrono::steady_clock::now()});
  }

  /// So many bytes went out of what the reader would take, which is `credit` now.
  void went(std::size_t bytes, std::int64_t credit) {
    place_.change([=](stream_card& card) {
      card.bytes += bytes;
      set(card, credit);
    });
  }

  /// The reader takes so many bytes now.
  void granted(std::int64_t credit) {
    place_.change([=](stream_card& card) { set(card, credit); });
  }

private:
  static void set(stream_card& card, std::int64_t credit) {
    if (credit <= 0 && card.credit > 0)
      card.since = std::chrono::steady_clock::now();
    card.credit = credit;
  }

  stream_board::place place_;
};

} // namespace gantry::core
