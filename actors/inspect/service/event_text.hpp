#pragma once

#include "actors/runtime/history.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace gantry::inspect {

/// A listener to changes, at its own place in the row of them. While there is one, they are kept.
class follower {
public:
  explicit follower(runtime::history& of);
  follower(const follower&) = delete;
  follower& operator=(const follower&) = delete;
  ~follower();

  /// Appends what has happened since the last call as server-sent events (WHATWG HTML §9.2), at
  /// most a few hundred: `actor`, `stall`, and `gap` where some were lost because the reader was
  /// too slow. Nothing if nothing has happened.
  void append_news(std::string& out);

private:
  runtime::history& history_;
  std::uint64_t place_;
};

} // namespace gantry::inspect
