#include "actors/image/layers_in_progress.hpp"

namespace gantry::image {

namespace {

/// How often a waiting thread looks whether it is still wanted.
constexpr std::chrono::milliseconds look_interval{100};

} // namespace

void layer_in_progress::done(const oci::digest& diff_id) {
  std::lock_guard guard{mutex_};
  outcome_ = outcome::done;
  diff_id_ = diff_id;
  changed_.notify_all();
}

void layer_in_progress::fail() {
  std::lock_guard guard{mutex_};
  if (outcome_ == outcome::none)
    outcome_ = outcome::failed;
  changed_.notify_all();
}

std::optional<oci::digest> layer_in_progress::wait(std::chrono::milliseconds patience,
                                                   const std::function<bool()>& give_up) const {
  using clock = std::chrono::steady_clock;
  auto seen = pulse_->load();
  auto moved = clock::now();
  std::unique_lock guard{mutex_};
  while (outcome_ == outcome::none) {
    changed_.wait_for(guard, look_interval);
    if (outcome_ != outcome::none)
      break;
    guard.unlock();
    const bool leave = give_up && give_up();
    guard.lock();
    const auto now = clock::now();
    if (const auto beat = pulse_->load(); beat != seen) {
      seen = beat;
      moved = now;
    }
    if (leave || now - moved >= patience)
      break;
  }
  if (outcome_ != outcome::done)
    return std::nullopt;
  return diff_id_;
}

layers_in_progress::claim::claim(claim&& other) noexcept
    : table_(std::exchange(other.table_, nullptr)), claimed_(std::move(other.claimed_)),
      layer_(std::move(other.layer_)) {}

layers_in_progress::claim& layers_in_progress::claim::operator=(claim&& other) noexcept {
  std::swap(table_, other.table_);
  std::swap(claimed_, other.claimed_);
  std::swap(layer_, other.layer_);
  return *this;
}

layers_in_progress::claim::~claim() {
  if (table_ == nullptr)
    return;
  table_->remove(claimed_, layer_.get());
  layer_->fail();
}

void layers_in_progress::claim::done(const oci::digest& diff_id) {
  table_->remove(claimed_, layer_.get());
  layer_->done(diff_id);
  table_ = nullptr;
}

std::pair<std::optional<layers_in_progress::claim>, std::shared_ptr<layer_in_progress>>
layers_in_progress::join(const oci::digest& claimed, const pulse& own) {
  std::lock_guard guard{mutex_};
  auto& layer = layers_[claimed];
  if (layer)
    return {std::nullopt, layer};
  layer = std::make_shared<layer_in_progress>(own);
  return {claim{*this, claimed, layer}, nullptr};
}

void layers_in_progress::remove(const oci::digest& claimed, const layer_in_progress* layer) {
  std::lock_guard guard{mutex_};
  if (auto known = layers_.find(claimed); known != layers_.end() && known->second.get() == layer)
    layers_.erase(known);
}

} // namespace gantry::image
