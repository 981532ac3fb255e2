#pragma once

#include "actors/core/interfaces.hpp"
#include "actors/core/limits.hpp"
#include "actors/core/outcome.hpp"
#include "actors/volumes/shared_volumes.hpp"
#include "protocol/api/events.hpp"
#include "protocol/volume/volume_request.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace gantry::runtime {
class worker_pool;
}

namespace gantry::limits {
/// Until whoever waits for a volume to be mounted is told that it takes too long.
inline constexpr caf::timespan volume_mount = span(60s);
} // namespace gantry::limits

namespace gantry::volumes {

class volume_store;

/// A container that has volumes.
struct volume_user {
  std::string container;
  bool running = false;
  std::vector<std::string> volumes;
};

/// The volumes have been opened, which is blocking work and so done elsewhere. Comes once; what is
/// there before waits for it.
struct volumes_opened {
  std::shared_ptr<volume_store> store; ///< not null, and the sender's no longer
  std::shared_ptr<const std::vector<volume::volume_record>> volumes;
  std::shared_ptr<const std::vector<volume_user>> users;
  std::function<void()> shown; ///< called when all of it is in `shared_volumes`
};

/// A volume that a container is to have.
struct wanted_volume {
  volume::volume_request what;
  bool must_exist = false; ///< it is another container's, too; else it is made if need be
};

/// These volumes are the container's until they are released; those that are not there are made,
/// all or none. Without a container they are only made. Answers with them, in this order. Errors:
/// `create NAME: ...` (`check_driver`, `check_name`, `check_options`), not_found `get NAME: no such
/// volume`; of the store.
struct use_volumes {
  std::string container;
  std::vector<wanted_volume> wanted;
  core::outcome<volume_list> answer;
};
using use_volumes_ptr = std::shared_ptr<use_volumes>;

/// The container has no volumes any more. Those of `discard` that nobody else has are removed.
/// Errors: `error while removing volumes: ...`; the others have gone then.
struct release_volumes {
  std::string container;
  std::vector<std::string> discard;
  core::outcome<void> answer;
};
using release_volumes_ptr = std::shared_ptr<release_volumes>;

/// Errors: not_found `get NAME: no such volume`; conflict `remove NAME: volume is in use - [ID,
/// ID]`; of the store.
struct remove_volume {
  std::string name;
  core::outcome<void> answer;
};
using remove_volume_ptr = std::shared_ptr<remove_volume>;

/// A container is about to use what is on the volume: what its options say is mounted, if anything.
/// Errors: those of `mount_volume_blocking`; unavailable after `limits::volume_mount`.
struct mount_volume {
  std::string container;
  std::string name;
  core::outcome<void> answer;
};
using mount_volume_ptr = std::shared_ptr<mount_volume>;

/// A container has ended: what it had mounted is unmounted, unless others have it too.
struct unmount_volumes {
  std::string container;
  core::outcome<void> answer;
};
using unmount_volumes_ptr = std::shared_ptr<unmount_volumes>;

/// INTERNAL: something was done elsewhere, and this is what follows.
struct volume_step {
  const char* what = ""; ///< for inspection
  std::shared_ptr<std::function<void()>> next;
};

/// INTERNAL: somebody has waited long for a mount.
struct mount_late {
  std::string volume;
  std::uint64_t number = 0; ///< of the request
};

} // namespace gantry::volumes

GANTRY_LOCAL_MESSAGE(gantry::volumes::volumes_opened)
GANTRY_LOCAL_MESSAGE(gantry::volumes::use_volumes_ptr)
GANTRY_LOCAL_MESSAGE(gantry::volumes::release_volumes_ptr)
GANTRY_LOCAL_MESSAGE(gantry::volumes::remove_volume_ptr)
GANTRY_LOCAL_MESSAGE(gantry::volumes::mount_volume_ptr)
GANTRY_LOCAL_MESSAGE(gantry::volumes::unmount_volumes_ptr)
GANTRY_LOCAL_MESSAGE(gantry::volumes::volume_step)
GANTRY_LOCAL_MESSAGE(gantry::volumes::mount_late)

namespace gantry::volumes {

/// VOLUMES: the one that changes volumes, and knows who has them. Records are changed one after the
/// other; mounts of different volumes do not wait for each other.
using volumes_actor =
    caf::typed_actor<caf::reacts_to<volumes_opened>, caf::reacts_to<use_volumes_ptr>,
                     caf::reacts_to<release_volumes_ptr>, caf::reacts_to<remove_volume_ptr>,
                     caf::reacts_to<mount_volume_ptr>, caf::reacts_to<unmount_volumes_ptr>,
                     // INTERNAL
                     caf::reacts_to<volume_step>,
                     caf::reacts_to<mount_late>>::extend_with<core::inspectable_actor>;

/// What the actor works with. The pools outlive the actor system.
struct volumes_setup {
  runtime::worker_pool* pool = nullptr;   ///< for the disk
  runtime::worker_pool* mounts = nullptr; ///< for mounts, which may hang
  std::shared_ptr<shared_volumes> all;    ///< what it keeps up to date; not null
  std::function<void(api::event)> publish;
};

/// Starts it.
volumes_actor spawn_volumes(caf::actor_system& sys, volumes_setup setup);

/// What those work with who have to do with volumes. Cheap to copy; for any thread.
struct volume_services {
  volumes_actor actor;
  std::shared_ptr<shared_volumes> all = std::make_shared<shared_volumes>(); ///< not null
};

/// Has a volume mounted for a container and waits for it. Blocking: for threads of a pool, but not
/// of `volumes_setup::mounts`. Errors: as `mount_volume`.
result<void> ask_mount_blocking(const volume_services& services, std::string container,
                                std::string name);

/// Has unmounted what a container has mounted, and does not wait for it.
void let_unmount(const volume_services& services, std::string container);

} // namespace gantry::volumes
