#pragma once

#include "actors/image/image_store_actor.hpp"
#include "actors/image/layers_in_progress.hpp"
#include "actors/image/unpack_activity.hpp"
#include "actors/store/image_removal.hpp"
#include "actors/store/layer_files.hpp"
#include "actors/store/metadata.hpp"
#include "protocol/oci/manifest.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace gantry::runtime {
class worker_pool;
}

namespace gantry::image {

/// Where the form of layers is found once it is known, which is after the store was opened and
/// before the first client is served. Copies are of the same place.
class layer_place {
public:
  layer_place() = default;
  /// A place that is filled already.
  layer_place(std::shared_ptr<const store::layer_files> files) { set(std::move(files)); }

  /// Once.
  void set(std::shared_ptr<const store::layer_files> files) const { *place_ = std::move(files); }

  const store::layer_files* operator->() const { return place_->get(); }
  const store::layer_files& operator*() const { return **place_; }

private:
  using files_ptr = std::shared_ptr<const store::layer_files>;
  std::shared_ptr<files_ptr> place_ = std::make_shared<files_ptr>();
};

/// What all that is done with images works with. Cheap to copy; everything in it may be used by any
/// thread.
struct image_services {
  image_store_actor store;                 ///< every change
  std::shared_ptr<shared_catalog> catalog; ///< every look; never null
  layer_place layers;                      ///< in what form layers are made
  /// Layers on their way, of all operations; never null.
  std::shared_ptr<layers_in_progress> in_progress = std::make_shared<layers_in_progress>();
  /// Whether layers are being unpacked; never null.
  std::shared_ptr<unpack_activity> unpacking = std::make_shared<unpack_activity>();
  /// Threads of jobs that stream: clients decide how long they are taken. Not those on which the
  /// store's tasks run. Never null; outlives the actor system.
  runtime::worker_pool* streams = nullptr;
  /// Tells everybody of a change that is made. Never empty.
  std::function<void(const store::image_event&)> publish;
  store::users_of_image users = {};      ///< containers; empty: there are none
  oci::platform host;                    ///< what images are chosen for and imported as
  std::string version;                   ///< of this daemon: `docker_version` of new images
  std::function<store::timestamp()> now; ///< empty: this machine's clock

  store::timestamp time() const {
    return now ? now() : store::timestamp{std::chrono::system_clock::now()};
  }
};

} // namespace gantry::image
