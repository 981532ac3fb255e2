#pragma once

#include "actors/volumes/volumes_actor.hpp"
#include "protocol/error.hpp"

#include <filesystem>
#include <memory>
#include <vector>

namespace gantry::store {
class trash;
}

namespace gantry::volumes {

/// Opens the volumes below the data root, takes away what a crash left, unmounts what no running
/// container has, and returns when all of them are in `shared_volumes`. `users`: all containers
/// that have volumes. Blocking; once, before anything is asked of the actor. Errors: as
/// `volume_store::open` and `load`.
result<void> open_blocking(const volume_services& services, const std::filesystem::path& data_root,
                           std::shared_ptr<store::trash> bin, std::vector<volume_user> users);

} // namespace gantry::volumes
