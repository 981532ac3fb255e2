#pragma once

#include "actors/containers/root_mount.hpp"
#include "protocol/error.hpp"

#include <string>
#include <vector>

namespace gantry::containers {

/// The layers that a container is made of, whose image may have gone. `diff_ids`: `sha256:HEX`,
/// base to top. Errors (invalid_parameter): what is wrong with a digest.
result<root_layers> kept_layers(const store::layer_files& files,
                                const std::vector<std::string>& diff_ids);

} // namespace gantry::containers
