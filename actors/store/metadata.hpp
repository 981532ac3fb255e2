#pragma once

#include "protocol/oci/digest.hpp"
#include "protocol/oci/reference.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gantry::store {

/// A point of time of this machine's clock.
using timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;

/// A layer that is kept here.
struct layer_info {
  oci::digest diff_id;        ///< of its uncompressed tar
  std::string driver;         ///< which keeps its tree: `overlay2`, `copy`
  std::uint64_t tar_size = 0; ///< bytes of the uncompressed tar
  std::uint64_t size = 0;     ///< bytes of the files in it: what listings show

  friend bool operator==(const layer_info&, const layer_info&) = default;
};

/// What is known of an image beyond its config.
struct image_row {
  oci::digest id;                  ///< of the config's bytes
  oci::digest parent;              ///< the image here that it was built on; empty if none
  std::vector<oci::digest> layers; ///< diff ids, base to top
  std::optional<timestamp> tagged; ///< when it last got a name by `tag`, `build`, `import`
  timestamp loaded{};              ///< when it came here

  friend bool operator==(const image_row&, const image_row&) = default;
};

/// A name of an image: with a tag or with a digest, never both.
struct reference_row {
  oci::reference name;
  oci::digest image;

  friend bool operator==(const reference_row&, const reference_row&) = default;
};

} // namespace gantry::store
