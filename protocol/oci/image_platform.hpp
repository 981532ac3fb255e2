#pragma once

#include "protocol/error.hpp"
#include "protocol/oci/image_config.hpp"
#include "protocol/oci/manifest.hpp"

#include <string_view>

namespace gantry::oci {

/// What an image says it runs on.
platform platform_of(const image_config& image);

/// True if the image runs there. An arm runs what is made for its predecessors.
bool runs_on(const platform& image, const platform& wanted);

/// not_found `image with reference NAME was found but its platform (linux/arm64) does not match the
/// specified platform (linux/amd64)`.
api_error other_platform(std::string_view name, const platform& image, const platform& wanted);

} // namespace gantry::oci
