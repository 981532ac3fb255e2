#pragma once

#include "actors/store/layer_files.hpp"

#include <chrono>
#include <cstdint>
#include <functional>

namespace gantry::image {

/// When an operation that fills the disk waits for the trash.
struct room_terms {
  std::uint64_t bytes = std::uint64_t{64} << 20; ///< less than that is little room
  std::uint64_t files = 1000;                    ///< likewise
  std::chrono::milliseconds look{20};            ///< between two looks
  /// So long nothing may come free before it is no use to wait. Longer than the trash makes way for
  /// who unpacks layers.
  std::chrono::milliseconds patience{6000};
};

/// What was removed is deleted in the background: whoever removes an image from a disk that is
/// nearly full to load another one has not got the room yet. Blocking; for one operation.
class room {
public:
  /// `files` outlives it.
  explicit room(const store::layer_files& files, room_terms terms = {})
      : files_(files), terms_(terms) {}

  /// Waits while there is little room and more is coming, until `give_up` (may be empty) says so.
  /// To be called before each piece that is written.
  void wait_blocking(const std::function<bool()>& give_up);

private:
  const store::layer_files& files_;
  const room_terms terms_;
  bool hopeless_ = false; // nothing came free for too long
};

} // namespace gantry::image
