#include "actors/containers/container_services.hpp"

#include <atomic>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace gantry::containers {

namespace {

/// Who may wait at a time.
constexpr std::size_t most_calls_waiting = 1000;

} // namespace

struct setup_place::place {
  std::atomic<const setup_ptr*> newest = nullptr; ///< one of `all`
  std::mutex mutex;
  std::deque<setup_ptr> all; ///< guarded by the mutex; those replaced are still read
  std::vector<std::function<void()>> waiting; ///< guarded by the mutex
};

setup_place::setup_place() : place_(std::make_shared<place>()) {}

setup_place::setup_ptr setup_place::get() const {
  const auto* newest = place_->newest.load(std::memory_order_acquire);
  return newest ? *newest : nullptr;
}

void setup_place::set(setup_ptr setup) const {
  std::unique_lock lock{place_->mutex};
  place_->newest.store(&place_->all.emplace_back(std::move(setup)), std::memory_order_release);
  auto waiting = std::exchange(place_->waiting, {});
  lock.unlock();
  for (auto& then : waiting)
    then();
}

bool setup_place::when_known(std::function<void()> then) const {
  std::unique_lock lock{place_->mutex};
  if (place_->all.empty()) {
    if (place_->waiting.size() >= most_calls_waiting)
      return false;
    place_->waiting.push_back(std::move(then));
    return true;
  }
  lock.unlock();
  then();
  return true;
}

} // namespace gantry::containers
