#pragma once

#include "protocol/container/spec_facts.hpp"
#include "protocol/error.hpp"

#include <vector>

namespace gantry::containers {

struct start_input;

/// Finds and makes ready what is to be mounted into a container: sources of binds that are to be
/// made if they are missing, parts of volumes and images, and how the mounts spread that binds are
/// on. Parts are mounted below `container_paths::mounts`, by which nobody who can write to the
/// volume can put something else in their place. After an error some of that may be mounted
/// (`unmount_container_blocking`).
///
/// Errors (system): `error while creating mount source path '/x': ...`, `cannot access path /x/y:
/// ...`; those of `container::resolve_mounts`.
result<std::vector<container::resolved_mount>> prepare_mounts_blocking(const start_input& input);

} // namespace gantry::containers
