#pragma once

#include "actors/containers/container_services.hpp"
#include "actors/containers/outcome.hpp"
#include "actors/core/interfaces.hpp"
#include "actors/store/image_store.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gantry::containers {

/// What was kept, at the daemon's start; comes once. `shown` is called when all of it is in
/// `shared_containers` as it stands now; after `limits::find_containers` with what is not yet
/// found as it stood.
struct containers_loaded {
  std::shared_ptr<std::vector<kept_container>> containers;
  std::vector<store::lease> leases; ///< as in `adopt_container`, one for each
  std::function<void()> shown;
};

/// The setup is known; comes once, after `containers_loaded`.
struct setup_known {};

/// Calls `then` in the manager's turn when the setup is known.
struct when_ready {
  std::function<void()> then;
};

/// A container whose files are there and whose name is taken: it is kept, its actor started, and
/// its creation told. The answer comes after the commit. After an error nothing of it is here.
struct adopt_container {
  kept_container what;
  store::lease lease; ///< keeps its layers; the container's from here on
  outcome<void> answer;
};
using adopt_container_ptr = std::shared_ptr<adopt_container>;

/// The daemon ends, and with it the actors of all containers.
struct end_containers {
  /// Before, those that run are stopped, in at most this time or what the slowest of them may take
  /// and a bit; negative: without limit. Nothing: they go on, for the next daemon.
  std::optional<std::chrono::seconds> stop;
  std::function<void()> done; ///< called when they rest, or the time is over; may be empty
};

/// INTERNAL: one of them rests.
struct container_at_rest {};

/// INTERNAL: the time to stop them in is over.
struct stopping_late {};

/// INTERNAL: what became of one of the kept containers is known.
struct container_found {};

/// INTERNAL: the time to find them in is over.
struct finding_late {};

/// INTERNAL: the container is kept, or not.
struct container_kept {
  adopt_container_ptr adopted;
  std::shared_ptr<result<void>> how;
};

} // namespace gantry::containers

GANTRY_LOCAL_MESSAGE(gantry::containers::containers_loaded)
GANTRY_LOCAL_MESSAGE(gantry::containers::setup_known)
GANTRY_LOCAL_MESSAGE(gantry::containers::when_ready)
GANTRY_LOCAL_MESSAGE(gantry::containers::adopt_container_ptr)
GANTRY_LOCAL_MESSAGE(gantry::containers::end_containers)
GANTRY_LOCAL_MESSAGE(gantry::containers::container_at_rest)
GANTRY_LOCAL_MESSAGE(gantry::containers::stopping_late)
GANTRY_LOCAL_MESSAGE(gantry::containers::container_kept)
GANTRY_LOCAL_MESSAGE(gantry::containers::container_found)
GANTRY_LOCAL_MESSAGE(gantry::containers::finding_late)

namespace gantry::containers {

/// CONTAINERS: parent of all containers' actors. What is asked of it before the setup is known
/// waits.
using manager_actor =
    caf::typed_actor<caf::reacts_to<containers_loaded>, caf::reacts_to<setup_known>,
                     caf::reacts_to<when_ready>, caf::reacts_to<adopt_container_ptr>,
                     caf::reacts_to<end_containers>, caf::reacts_to<container_at_rest>,
                     caf::reacts_to<stopping_late>, caf::reacts_to<container_kept>,
                     caf::reacts_to<container_found>,
                     caf::reacts_to<finding_late>>::extend_with<core::inspectable_actor>;

/// Starts it.
manager_actor spawn_manager(const container_services& services);

} // namespace gantry::containers
