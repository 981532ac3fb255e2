#pragma once

#include "protocol/oci/image_config.hpp"

namespace gantry::oci {

/// Refuses (invalid_parameter) an image whose history tells of more layers than it has: `too many
/// non-empty layers in History section`. One that tells of fewer is no worse for it.
result<void> check_history(const image_config& image);

} // namespace gantry::oci
