#pragma once

#include "protocol/volume/volume.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::volumes {

/// A moment of a volume, as everybody may look at it. Never changed.
struct published_volume {
  volume::volume_record record;
  std::string directory;          ///< what containers see
  std::vector<std::string> users; ///< ids of the containers that have it, running or not
};

using published_volume_ptr = std::shared_ptr<const published_volume>;
using volume_list = std::vector<published_volume_ptr>;

/// All volumes as they are at this moment, for any thread: nobody who looks at them waits for the
/// one who changes them.
class shared_volumes {
public:
  /// Shows a moment in the place of the one before.
  void put(published_volume_ptr moment);
  void remove(const std::string& name);

  /// Null if there is none.
  published_volume_ptr find(std::string_view name) const;
  /// All of them, by name. Never null.
  std::shared_ptr<const volume_list> all() const;

private:
  mutable std::mutex mutex_; // held for looking up and copying pointers, never for more
  std::map<std::string, published_volume_ptr, std::less<>> volumes_;
  mutable std::shared_ptr<const volume_list> list_; // null: has to be made anew
};

} // namespace gantry::volumes
