#pragma once

#include "actors/containers/container_host.hpp"
#include "actors/containers/program_copies.hpp"
#include "actors/containers/registry_actor.hpp"
#include "actors/containers/shared_containers.hpp"
#include "actors/containers/shared_execs.hpp"
#include "actors/containers/start_preparation.hpp"
#include "actors/core/boards.hpp"
#include "actors/image/image_services.hpp"
#include "actors/networks/shared_networks.hpp"
#include "actors/volumes/volumes_actor.hpp"
#include "protocol/api/events.hpp"
#include "protocol/container/create_checks.hpp"

#include <caf/fwd.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace gantry::containers {

/// What was found out and decided for all containers.
struct container_setup {
  std::shared_ptr<const container_host> host; ///< never null
  /// `host->facts` with what the operator decides; never null.
  std::shared_ptr<const container::daemon_facts> daemon;
  container::create_settings create;
  start_settings start;
  std::map<std::string, std::shared_ptr<const oci_runtime>> runtimes; ///< by name
  std::string monitor_program;                                        ///< path of `gantry-monitor`
  std::shared_ptr<store::trash> bin; ///< takes what is removed; never null
};

/// Where the setup is found once it is known: before a container's actor does anything, but perhaps
/// after the first client is served. Copies are of the same place. Any thread.
class setup_place {
public:
  using setup_ptr = std::shared_ptr<const container_setup>;

  setup_place();

  /// Calls those who wait. Set again - the operator has changed something - it is used from then
  /// on; the one before stays valid until the daemon ends.
  void set(setup_ptr setup) const;

  /// Calls `then` when it is known: now, or on the thread that sets it. `then` must not block.
  /// False if too many wait already. If the daemon ends before, `then` goes uncalled.
  bool when_known(std::function<void()> then) const;

  /// Only once it is known.
  const container_setup* operator->() const { return get().get(); }
  const container_setup& operator*() const { return *get(); }
  /// Null before it was set.
  setup_ptr get() const;

private:
  struct place;
  std::shared_ptr<place> place_;
};

/// What all that is done with containers works with. Cheap to copy; everything in it may be used by
/// any thread.
struct container_services {
  std::filesystem::path data_root;
  std::filesystem::path exec_root;
  caf::actor_system* system = nullptr;
  runtime::worker_pool* pool = nullptr; ///< outlives the actor system
  std::shared_ptr<shared_containers> all = std::make_shared<shared_containers>();
  std::shared_ptr<shared_execs> execs = std::make_shared<shared_execs>();
  registry_actor registry;
  image::image_services images;
  gantry::volumes::volume_services volumes;
  std::shared_ptr<networks::shared_networks> networks =
      std::make_shared<networks::shared_networks>();
  setup_place setup;
  std::shared_ptr<program_copies> copies = std::make_shared<program_copies>(); ///< of runtimes
  core::stream_board* streams = nullptr; ///< of sessions; outlives the actor system; may be null
  /// Tells everybody of an event. Never empty.
  std::function<void(api::event)> publish;
};

} // namespace gantry::containers
