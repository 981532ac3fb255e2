#pragma once

#include "actors/image/transfer.hpp"
#include "protocol/error.hpp"

#include <string>
#include <vector>

namespace gantry::image {

/// An image to be made of one tar.
struct import_request {
  std::string source = "-"; ///< `-`: what the client sends; else a URL, `http://` if it says none
  std::string repository;   ///< the name that it gets, maybe with tag; none: no name
  std::string tag;
  std::string message;              ///< "": `Imported from SOURCE`
  std::vector<std::string> changes; ///< lines of a Dockerfile
  std::string platform;             ///< that it is for; "": that of this machine
  bool bare_id = false;             ///< tell the id without its algorithm
};

/// Makes an image of a tar (packed or not) as dockerd does: section 16.3. Blocking. Tells the
/// client of the way of a download, and of the id in the end. Errors: of the client; of the
/// request, the source and the tar, which make a proper answer if nothing was written yet and a
/// last message of the stream else.
result<void> import_image(const import_request& request, const transfer_streams& io,
                          const image_services& services);

} // namespace gantry::image
