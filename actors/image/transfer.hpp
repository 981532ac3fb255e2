#pragma once

#include "actors/image/image_services.hpp"
#include "actors/store/image_store.hpp"
#include "protocol/error.hpp"
#include "protocol/oci/manifest.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// What loads, saves and imports have in common. All of it is for the thread that does the work.
namespace gantry::image {

/// The two ends of the client, as the work sees them. All may block but `cancelled`.
struct transfer_streams {
  /// The next piece of what the client sends; empty at the end. Errors: unavailable if it left.
  std::function<result<std::string>()> read;
  /// Sends bytes to it. Errors: unavailable if it left.
  std::function<result<void>(std::string_view)> write;
  /// True if nobody waits for the work any more; may be empty.
  std::function<bool()> cancelled;

  bool gone() const { return cancelled && cancelled(); }
};

/// A lease of the store that ends with this object.
class held_lease {
public:
  /// Errors: unavailable, if the store has ended or has too much to do.
  static result<held_lease> begin(const image_store_actor& store);
  held_lease(held_lease&& other) noexcept
      : store_(std::move(other.store_)), lease_(std::exchange(other.lease_, {})) {}
  held_lease& operator=(held_lease&&) = delete;
  ~held_lease();

  store::lease get() const noexcept { return lease_; }

private:
  held_lease(image_store_actor store, store::lease lease)
      : store_(std::move(store)), lease_(lease) {}

  image_store_actor store_;
  store::lease lease_;
};

/// A directory below `tmp` that goes, with all that is in it, unless it was given away.
class scratch_directory {
public:
  /// `files` outlives it.
  static result<scratch_directory> make(const store::layer_files& files);
  scratch_directory(scratch_directory&& other) noexcept
      : files_(other.files_), path_(std::exchange(other.path_, std::filesystem::path{})) {}
  scratch_directory& operator=(scratch_directory&& other) noexcept;
  ~scratch_directory();

  const std::filesystem::path& path() const noexcept { return path_; }
  /// Somebody else owns it now.
  void release() noexcept { path_.clear(); }

private:
  scratch_directory(const store::layer_files& files, std::filesystem::path path)
      : files_(&files), path_(std::move(path)) {}

  const store::layer_files* files_;
  std::filesystem::path path_;
};

/// Tells a client how far something has come: at most ten times a second, and at the end.
class progress_lines {
public:
  /// `action`: `Loading layer`. `total` is 0 if it is not known.
  progress_lines(const transfer_streams& to, std::string action, std::string id, std::int64_t total)
      : to_(to), action_(std::move(action)), id_(std::move(id)), total_(total) {}

  /// So many more bytes. Errors: of the client.
  result<void> advance(std::size_t bytes);
  /// Tells the last state, unless it was told.
  result<void> finish();

private:
  result<void> tell();

  const transfer_streams& to_;
  std::string action_;
  std::string id_;
  std::int64_t total_;
  std::int64_t current_ = 0;
  std::int64_t told_ = -1;
  std::chrono::steady_clock::time_point next_{};
};

/// The bar that dockerd sends for people: `[====>    ]  1.2kB/3.4MB`; "" if nothing is known.
std::string progress_bar(std::int64_t current, std::int64_t total);

} // namespace gantry::image
