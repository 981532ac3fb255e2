#pragma once

#include "actors/image/transfer.hpp"
#include "protocol/error.hpp"
#include "protocol/oci/manifest.hpp"

#include <optional>

namespace gantry::image {

/// How images are to be loaded.
struct load_request {
  bool quiet = true;                   ///< no progress
  std::optional<oci::platform> wanted; ///< only images for this one; empty: all
};

/// Loads the images of an archive (`docker save` of any age, OCI layouts; packed or not) as it
/// comes, and tells the client as dockerd does: section 16.2. Layers go to the disk once, without
/// being held: each by the threads of a `layer_import`, while this one reads on. A layer that the
/// store has, or that another load is bringing, is not made again.
///
/// Either all images of the archive are loaded or an error is returned, except that a failure of
/// the store itself may come between two images. Nothing else stays, whatever happens. Blocking.
/// Errors: of the client; those of the parts, for the client to be told.
result<void> load_archive(const load_request& request, const transfer_streams& io,
                          const image_services& services);

} // namespace gantry::image
