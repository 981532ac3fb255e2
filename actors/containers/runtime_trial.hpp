#pragma once

#include "actors/containers/container_host.hpp"
#include "protocol/error.hpp"

#include <filesystem>

namespace gantry::containers {

/// Has a runtime make a small container from the host's own root, which is read-only and runs
/// nothing, and delete it: whether it gets along with this kernel and its cgroups shows only then.
/// `exec_root` is the daemon's. Takes two calls of the runtime, 10 to 50 ms. Errors: the runtime's
/// words.
result<void> try_runtime_blocking(const oci_runtime& runtime,
                                  const std::filesystem::path& exec_root);

} // namespace gantry::containers
