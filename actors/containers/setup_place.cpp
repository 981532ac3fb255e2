#include "actors/containers/container_services.hpp"

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

namespace gantry::containers {

namespace {

/// Who may wait at a time.
constexpr std::size_t most_calls_waiting = 1000;

} // namespace

struct setup_place::place {
  std::atomic<bool> known = false;
  setup_ptr setup; ///< never changed once it is known
  std::mutex mutex;
  std::vector<std::function<void()>> waiting; ///< guarded by the mutex
};

setup_place::setup_place() : place_(std::make_shared<place>()) {}

setup_place::setup_ptr setup_place::get() const {
  return place_->known.load(std::memory_order_acquire) ? place_->setup : nullptr;
}

void setup_place::set(setup_ptr setup) const {
  place_->setup = std::move(setup);
  std::unique_lock lock{place_->mutex};
  place_->known.store(true, std::memory_order_release);
  auto waiting = std::exchange(place_->waiting, {});
  lock.unlock();
  for (auto& then : waiting)
    then();
}

bool setup_place::when_known(std::function<void()> then) const {
  std::unique_lock lock{place_->mutex};
  if (!place_->known.load(std::memory_order_relaxed)) {
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
