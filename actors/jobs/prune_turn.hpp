#pragma once

#include "protocol/error.hpp"

#include <atomic>
#include <memory>
#include <utility>

namespace gantry::jobs {

/// The right to prune one kind of thing, which one at a time has; given back with the last copy of
/// what `take` returns.
class prune_turn {
public:
  using ptr = std::shared_ptr<const prune_turn>;
  /// Who has the right.
  using place = std::shared_ptr<std::atomic<bool>>;

  static place make_place() { return std::make_shared<std::atomic<bool>>(false); }
  /// Errors: conflict `a prune operation is already running`.
  static result<ptr> take(place where) {
    if (where->exchange(true))
      return api_error{errc::conflict, "a prune operation is already running"};
    return ptr{new prune_turn{std::move(where)}};
  }

  prune_turn(const prune_turn&) = delete;
  prune_turn& operator=(const prune_turn&) = delete;
  ~prune_turn() { *taken_ = false; }

private:
  explicit prune_turn(place taken) : taken_(std::move(taken)) {}

  const place taken_;
};

} // namespace gantry::jobs
