#pragma once

#include "actors/image/transfer.hpp"
#include "protocol/error.hpp"
#include "protocol/oci/manifest.hpp"

#include <optional>
#include <string>
#include <vector>

namespace gantry::image {

/// What is to be saved.
struct save_request {
  std::vector<std::string> names;      ///< of images, as people write them
  std::optional<oci::platform> wanted; ///< that they have to be for; empty: any
};

/// Writes images as the archive that dockerd writes: section 16.1. A name without tag stands for
/// all tags of the repository, or for the front of an id. The images stay while they are saved,
/// whoever removes them. Blocking; layers go from the disk to the client without being held.
///
/// Errors before the first byte, which make a proper answer: not_found `No such image: x`,
/// `reference does not exist`, `image with reference x was found but its platform (...) does not
/// match the specified platform (...)`; those of `oci::parse_any_reference` and `oci::plan_save`.
/// Errors after it: of the client, and of layers that are not what they were; then what was written
/// is no archive, and its end must not look like one.
result<void> save_archive(const save_request& request, const transfer_streams& io,
                          const image_services& services);

} // namespace gantry::image
