#pragma once

#include "protocol/error.hpp"

#include <functional>
#include <string>
#include <utility>

namespace gantry::core {

/// The duty to tell somebody how something went: done once, on any thread. If it is dropped, its
/// destructor tells that whoever had it is gone. Moves, does not copy; messages carry it in a
/// `std::shared_ptr`.
template <class T>
class outcome {
public:
  using handler = std::function<void(result<T>)>;

  outcome() = default;
  /// `whose` names who has the duty: `container 4f3a...`. The handler must not throw.
  outcome(std::string whose, handler tell) : whose_(std::move(whose)), tell_(std::move(tell)) {}
  outcome(outcome&& other) noexcept
      : whose_(std::move(other.whose_)), tell_(std::exchange(other.tell_, nullptr)) {}
  outcome& operator=(outcome&& other) noexcept {
    drop();
    whose_ = std::move(other.whose_);
    tell_ = std::exchange(other.tell_, nullptr);
    return *this;
  }
  ~outcome() { drop(); }

  /// Only the first time counts.
  void tell(result<T> how) {
    if (auto handler = std::exchange(tell_, nullptr))
      handler(std::move(how));
  }

private:
  void drop() {
    if (tell_)
      tell(api_error{errc::unavailable, whose_ + " has ended"});
  }

  std::string whose_;
  handler tell_;
};

} // namespace gantry::core
