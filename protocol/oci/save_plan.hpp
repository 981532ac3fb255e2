#pragma once

#include "protocol/error.hpp"
#include "protocol/oci/digest.hpp"
#include "protocol/oci/reference.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace gantry::oci {

/// A layer of an image to be saved.
struct saved_layer {
  digest diff_id;
  std::int64_t size = 0; ///< of the tar
};

/// An image to be saved.
struct saved_image {
  std::string config_bytes;
  std::vector<saved_layer> layers; ///< base to top
  std::vector<reference> tags;     ///< names to be saved with it; none: it is saved by its id
  digest parent;                   ///< the image it was built on; empty if none or not known
};

/// One entry of the archive: owned by 0:0, without names of owners.
struct archive_entry {
  enum class content : std::uint8_t {
    folder,
    bytes, ///< `bytes` is all of it
    layer, ///< the tar of `layer`, `size` bytes
  };

  std::string path; ///< that of a folder ends in `/`
  content kind = content::bytes;
  std::uint32_t mode = 0644;
  std::int64_t modified = 0; ///< seconds since 1970
  std::int64_t size = 0;
  std::string bytes;
  digest layer;
};

/// The entries of the archive that today's dockerd writes, in its order (by path): a docker-archive
/// and an OCI layout at once, every blob once. Images are in the order given. Errors: system `empty
/// export - not implemented` (an image without layers), `os "windows" is not supported`; those of
/// `parse_image_config`; `layers to be saved are not those of the image's config`.
///
/// Differences from dockerd, none of which a reader can trip over: it takes the images in random
/// order, leaves an image without name out of `index.json` if another one has a name, and the
/// folders' times are partly those of the moment.
result<std::vector<archive_entry>> plan_save(const std::vector<saved_image>& images);

} // namespace gantry::oci
