#pragma once

#include "protocol/oci/digest.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace gantry::image {

/// How far an operation has come, for others to see that it goes on: any change will do.
using pulse = std::shared_ptr<std::atomic<std::uint64_t>>;

/// A layer that one operation is bringing to the store while others want it, too.
class layer_in_progress {
public:
  explicit layer_in_progress(pulse owner) : pulse_(std::move(owner)) {}

  /// The layer is in the store, held by the owner, by this diff id.
  void done(const oci::digest& diff_id);
  /// It will not come.
  void fail();

  /// Waits for the outcome: the diff id; nothing if it failed, if the owner has not moved for
  /// `patience`, or if `give_up` says so (it is asked every now and then).
  std::optional<oci::digest> wait(std::chrono::milliseconds patience,
                                  const std::function<bool()>& give_up) const;

private:
  enum class outcome : std::uint8_t { none, done, failed };

  pulse pulse_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  outcome outcome_ = outcome::none;
  oci::digest diff_id_;
};

/// Which layers are on their way, by the digest that their bytes are said to have; so that what
/// comes twice at once is unpacked once. Any thread may use it.
class layers_in_progress {
public:
  /// A claim to make a layer: its owner says how it ends; if it is destroyed before, it failed.
  class claim {
  public:
    claim() = default;
    claim(layers_in_progress& table, oci::digest claimed, std::shared_ptr<layer_in_progress> layer)
        : table_(&table), claimed_(std::move(claimed)), layer_(std::move(layer)) {}
    claim(claim&& other) noexcept;
    claim& operator=(claim&& other) noexcept;
    ~claim();

    const oci::digest& claimed() const noexcept { return claimed_; }
    /// The layer is in the store. Only if its bytes have the digest that was claimed.
    void done(const oci::digest& diff_id);

  private:
    layers_in_progress* table_ = nullptr;
    oci::digest claimed_;
    std::shared_ptr<layer_in_progress> layer_;
  };

  /// A claim for who comes first, or else the layer that another is making.
  std::pair<std::optional<claim>, std::shared_ptr<layer_in_progress>>
  join(const oci::digest& claimed, const pulse& own);

private:
  void remove(const oci::digest& claimed, const layer_in_progress* layer);

  std::mutex mutex_;
  std::map<oci::digest, std::shared_ptr<layer_in_progress>> layers_;
};

} // namespace gantry::image
