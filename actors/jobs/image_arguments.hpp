#pragma once

#include "actors/store/image_catalog.hpp"
#include "protocol/api/time.hpp"
#include "protocol/error.hpp"
#include "protocol/job/job.hpp"
#include "protocol/oci/manifest.hpp"
#include "protocol/oci/time.hpp"

#include <string>
#include <string_view>

/// What the jobs about images are given.
namespace gantry::jobs {

/// True if a client of the 1.2.0 era asks: env `shape` is `1.2`.
bool asks_as_1_2(const job::env& environment) noexcept;

/// What 1.2.0 said of a name for which today's text is `error`: `No such image: NAME` with the name
/// as it was given, also if it cannot be one; `Conflict, ...`.
api_error error_of_1_2(api_error error, const std::string& name);

/// The image of that name, in words for whoever asks. Errors: as `image_catalog::resolve`;
/// not_found if env `platform` is there and the image is for another one.
result<store::found_image> find_image(const store::image_catalog& catalog, const std::string& name,
                                      const job::env& environment);

/// Checks that an image, found by `name`, is for the platform that is wanted. Errors: not_found
/// `image with reference NAME was found but its platform (linux/arm64) does not match the specified
/// platform (linux/amd64)`; invalid_parameter `failed to parse platform: ...`.
result<void> check_platform(const store::image& image, const std::string& name,
                            std::string_view platform_json);

/// Value of an `until` filter. Errors: invalid_parameter `failed to parse value as time or
/// duration: "x"`.
result<oci::instant> read_until(const std::string& text, api::timestamp now);

} // namespace gantry::jobs
