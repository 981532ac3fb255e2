#pragma once

#include "protocol/error.hpp"
#include "protocol/oci/archive_view.hpp"
#include "protocol/oci/digest.hpp"
#include "protocol/oci/image_config.hpp"
#include "protocol/oci/manifest.hpp"
#include "protocol/oci/reference.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace gantry::oci {

/// A layer of an image to be made.
struct planned_layer {
  std::string path; ///< in the archive, links followed; "" if the store has it already
  digest diff_id;

  friend bool operator==(const planned_layer&, const planned_layer&) = default;
};

/// An image to be made.
struct planned_image {
  digest id;
  std::string config_bytes;
  image_config config;
  std::vector<planned_layer> layers; ///< base to top
  std::vector<reference> tags;       ///< names it gets, in the archive's order
  digest parent;                     ///< the image it was built on; empty if not in the archive
};

enum class archive_kind : std::uint8_t {
  docker, ///< `manifest.json`
  oci,    ///< `oci-layout` and `index.json`
  legacy, ///< `repositories` and a folder per image: Docker before 1.10
};

/// What loading an archive comes to. An image is after those it was built on, and is there once.
struct load_plan {
  archive_kind kind = archive_kind::docker;
  std::vector<planned_image> images;
  /// NOTE: dockerd tells the ids of *all* images if the *last* one of the archive has no name.
  bool announce_ids = false;
};

struct load_options {
  /// An OCI index gives the image for this one.
  platform wanted{
      .architecture = "amd64", .os = "linux", .os_version = {}, .os_features = {}, .variant = {}};
  /// True: images for another one are passed over in any archive (the request named a platform).
  bool only_wanted = false;
  /// Layers that the store has need not be in the archive.
  std::function<bool(const digest& diff_id)> has_layer;
};

/// More layers than that no image can have.
inline constexpr std::size_t max_layers = 125;

/// Works out which images an archive holds, and checks that they are whole: nothing is to be made
/// if that fails. Errors (invalid_parameter) in dockerd's words, section 16.2: `invalid manifest,
/// layers length mismatch: expected N, got M`, `invalid diffID for layer N: expected "x", got "y"`,
/// `cannot load windows image on linux`, `open PATH: no such file or directory`, `invalid tag "x"`,
/// `invalid target ID: x`, `image x is not a valid parent for y`, `max depth exceeded`,
/// `no matching manifest for linux/amd64 in the archive`; those of the parsers.
result<load_plan> plan_load(const archive_view& view, const load_options& options = {});

} // namespace gantry::oci
