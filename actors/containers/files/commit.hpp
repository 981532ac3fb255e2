#pragma once

#include "actors/containers/files/file_view.hpp"
#include "actors/image/image_services.hpp"
#include "protocol/container/config.hpp"
#include "protocol/error.hpp"
#include "protocol/oci/digest.hpp"
#include "protocol/oci/reference.hpp"

#include <functional>
#include <string>

namespace gantry::containers {

/// An image to be made of a container.
struct commit_request {
  container::container_config config; ///< of the image (`container::commit_config`)
  oci::reference name;                ///< that it gets; without a path: none
  std::string author;
  std::string comment;
  std::function<bool()> cancelled; ///< true if nobody waits for it any more; may be empty
};

/// Makes an image of what the container has changed: a layer on top of its image's. The files are
/// taken as they are; whoever wants them all of one moment pauses the container. Blocking, and
/// waits for the image store. The events of the image are told. Errors: not_implemented with the
/// copy driver; not_found if the container's image has gone; of the file system and the store.
result<oci::digest> commit_blocking(const files_of_container& container,
                                    const commit_request& request,
                                    const image::image_services& services);

} // namespace gantry::containers
