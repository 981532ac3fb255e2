#pragma once

#include "actors/core/interfaces.hpp"
#include "actors/image/unpack_activity.hpp"
#include "actors/store/trash.hpp"

#include <chrono>
#include <memory>

namespace gantry::runtime {
class worker_pool;
}

namespace gantry::image {

/// The trash of the store, which has been opened. Comes once.
struct trash_opened {
  std::shared_ptr<store::trash> bin; ///< not null; its `on_filled` tells the actor
};

/// INTERNAL: a worker has deleted for a while.
struct trash_slice_over {
  std::shared_ptr<const store::trash_removal::progress> progress; ///< not null
  bool room_is_scarce = false; ///< on the file system of the trash
};

} // namespace gantry::image

GANTRY_LOCAL_MESSAGE(gantry::image::trash_opened)
GANTRY_LOCAL_MESSAGE(gantry::image::trash_slice_over)

namespace gantry::image {

/// TRASH: deletes what the store has taken away, one item after the other, in short slices on a
/// worker, and makes way for who unpacks layers. Ends between two files; what is left then, the
/// next start finds.
using trash_actor =
    caf::typed_actor<caf::reacts_to<trash_opened>,
                     // Something came (`filled`), or INTERNAL: the pause is over (`go`).
                     caf::reacts_to<caf::atom_value>,
                     // INTERNAL.
                     caf::reacts_to<trash_slice_over>>::extend_with<core::inspectable_actor>;

/// How it goes about it.
struct trash_pace {
  std::chrono::milliseconds slice{50};  ///< a worker is taken so long
  std::chrono::milliseconds pause{300}; ///< between looks whether layers are still being unpacked
  std::chrono::milliseconds patience{3000}; ///< after so long a slice comes nevertheless
  /// Share of the file system, in percent: with less room than that it waits for nobody.
  unsigned scarce = 10;
};

/// Starts it. It waits while `unpacking`; its slices run in `pool`, which outlives the actor
/// system.
trash_actor spawn_trash(caf::actor_system& sys, runtime::worker_pool& pool,
                        std::shared_ptr<const unpack_activity> unpacking, trash_pace pace = {});

} // namespace gantry::image
