#pragma once

#include "actors/containers/outcome.hpp"
#include "actors/containers/registry.hpp"
#include "actors/core/interfaces.hpp"

#include <memory>
#include <vector>

namespace gantry::runtime {
class worker_pool;
}

namespace gantry::containers {

/// Changes to be kept, all or none.
struct registry_write {
  std::vector<registry_change> changes;
  outcome<void> kept; ///< told when they are on the disk
};

using registry_write_ptr = std::shared_ptr<registry_write>;

/// The registry has been opened, which is blocking work and so done elsewhere. Comes once; what is
/// there before waits for it.
struct registry_opened {
  std::shared_ptr<registry> opened; ///< not null, and the sender's no longer
};

} // namespace gantry::containers

GANTRY_LOCAL_MESSAGE(gantry::containers::registry_write_ptr)
GANTRY_LOCAL_MESSAGE(gantry::containers::registry_opened)

namespace gantry::containers {

/// REGISTRY: the one writer of containers. What comes while it writes is written together next, so
/// many containers at once cost few commits.
using registry_actor =
    caf::typed_actor<caf::reacts_to<registry_opened>, caf::reacts_to<registry_write_ptr>,
                     // INTERNAL: a worker has written.
                     caf::reacts_to<caf::atom_value>>::extend_with<core::inspectable_actor>;

/// Starts it; it writes in `pool`, which outlives the actor system.
registry_actor spawn_registry(caf::actor_system& sys, runtime::worker_pool& pool);

} // namespace gantry::containers
