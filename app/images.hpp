#pragma once

#include "actors/events/events_hub.hpp"
#include "actors/image/image_services.hpp"
#include "actors/image/trash_actor.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "actors/store/layer_files.hpp"
#include "app/settings.hpp"
#include "protocol/error.hpp"

#include <caf/fwd.hpp>

#include <functional>

namespace gantry::app {

/// The daemon's images: the store behind them, and what the jobs about them work with. The jobs can
/// be registered at once; until `open_blocking` was called, tasks for the store wait.
class images {
public:
  /// `pool` is for what ends by itself, `streams` for what waits for clients; both outlive the
  /// actor system.
  images(caf::actor_system& sys, const events::hub_actor& hub, runtime::worker_pool& pool,
         runtime::worker_pool& streams);

  const image::image_services& services() const noexcept { return services_; }

  /// Opens the store below the data root, which has to be there: recovers from what a crash left,
  /// and finds out how layers are kept, which it returns. To be called once, on a thread of `pool`,
  /// before clients are served. Errors: as `store::image_store::open`; invalid_parameter for a
  /// storage driver that is not known.
  using open_function = std::function<result<store::layer_driver>(const settings&)>;
  open_function opener() const;

  /// Ends the actors of the store and of its trash.
  void end();

private:
  image::image_services services_;
  image::trash_actor trash_;
};

} // namespace gantry::app
