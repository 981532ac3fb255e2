#pragma once

#include "actors/containers/container_services.hpp"
#include "actors/containers/manager.hpp"
#include "actors/core/boards.hpp"
#include "actors/events/events_hub.hpp"
#include "app/images.hpp"
#include "app/settings.hpp"
#include "protocol/error.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>

namespace gantry::app {

/// The daemon's containers: registry, manager, and what the jobs about them work with. The jobs can
/// be registered at once.
class containers {
public:
  /// `pool` and `streams` outlive the actor system.
  containers(caf::actor_system& sys, const events::hub_actor& hub, runtime::worker_pool& pool,
             const image::image_services& images, const settings& s,
             core::stream_board* streams = nullptr);

  const gantry::containers::container_services& all() const noexcept { return services_; }
  const gantry::containers::manager_actor& manager() const noexcept { return manager_; }

  /// The containers that were made from an image, newest first; for any thread.
  store::users_of_image users_of_images() const;

  /// Shows the networks, opens the volumes and the registry in the data root's database and shows
  /// what is in it. `engine_id`: of this daemon, and so of its networks. To be called once, on a
  /// thread of a pool, after the images were opened and before clients are served. Errors: as
  /// `containers::registry::open` and `load`; `opening seccomp profile (x) failed: ...`.
  std::function<result<void>(const std::string& engine_id)> opener(const settings& s) const;

  /// Looks at the machine and its runtimes, has the manager begin, and returns the default runtime
  /// ("" if none works). On a thread of a pool, after `opener`; takes as long as trying the
  /// runtimes does. Those of a reload are made and called in the same way: containers that are
  /// created or started from then on follow its settings.
  std::function<std::string()> finder(const settings& s);

  /// Stops the containers that run, for the daemon's end, and returns when they rest or did not
  /// within the time: `limit`, or longer if a container may take longer to stop; negative: without
  /// limit. What starts again by its policy does so with the next daemon.
  void stop_blocking(std::chrono::seconds limit);

  /// Ends the actors. Containers that run go on.
  void end();

private:
  /// Whose settings the setup in force has: several finders may run at a time.
  struct finding {
    std::mutex mutex;
    unsigned turn = 0; ///< guarded by the mutex
  };

  gantry::containers::container_services services_;
  std::shared_ptr<finding> found_ = std::make_shared<finding>();
  unsigned last_turn_ = 0;
  gantry::containers::manager_actor manager_;
};

} // namespace gantry::app
