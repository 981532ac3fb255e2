#pragma once

#include "protocol/error.hpp"
#include "protocol/oci/digest.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::oci {

/// What a media type says about the content, whether Docker's or OCI's.
struct media_type {
  enum class content : std::uint8_t { unknown, config, layer, manifest, index };
  enum class packing : std::uint8_t { none, gzip, zstd };

  content kind = content::unknown;
  packing compression = packing::none;
  bool distributable = true; ///< false for layers that are to be had from their vendor only
  bool docker = false;

  friend bool operator==(const media_type&, const media_type&) = default;
};

/// Reads a media type; of an unknown one only `kind` says something. Parameters (`; charset=x`) are
/// passed over.
media_type parse_media_type(std::string_view text) noexcept;

inline constexpr std::string_view oci_manifest_type = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view oci_index_type = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view oci_config_type = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view oci_layer_type = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view docker_manifest_type =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view docker_index_type =
    "application/vnd.docker.distribution.manifest.list.v2+json";

/// The annotations by which an index names its images.
inline constexpr std::string_view full_name_annotation = "io.containerd.image.name";
inline constexpr std::string_view ref_name_annotation = "org.opencontainers.image.ref.name";

/// What an image runs on.
struct platform {
  std::string architecture; ///< `amd64`
  std::string os;           ///< `linux`
  std::string os_version;
  std::vector<std::string> os_features;
  std::string variant; ///< `v8`

  friend bool operator==(const platform&, const platform&) = default;
};

/// `linux/arm64/v8`; what is not known is left out.
std::string to_string(const platform& p);

/// How well an image fits what is wanted: 0 not at all, more is better. `amd64` runs other variants
/// of it only if it has to.
int fitness(const platform& image, const platform& wanted);

/// Says of some content what and how large it is.
struct descriptor {
  std::string media_type;
  digest content;
  std::int64_t size = 0;
  std::vector<std::string> urls;
  std::map<std::string, std::string> annotations;
  std::string data; ///< the content itself, base64; mostly ""
  std::optional<oci::platform> platform;
  std::string artifact_type;

  friend bool operator==(const descriptor&, const descriptor&) = default;
};

/// An image: its config and its layers, base to top. Docker's schema 2 and OCI's.
struct image_manifest {
  std::string media_type;
  std::string artifact_type;
  descriptor config;
  std::vector<descriptor> layers;
  std::optional<descriptor> subject;
  std::map<std::string, std::string> annotations;

  friend bool operator==(const image_manifest&, const image_manifest&) = default;
};

/// A list of manifests, mostly one per platform. OCI's index and Docker's manifest list.
struct image_index {
  std::string media_type;
  std::string artifact_type;
  std::vector<descriptor> manifests;
  std::optional<descriptor> subject;
  std::map<std::string, std::string> annotations;

  friend bool operator==(const image_index&, const image_index&) = default;
};

/// A larger manifest or index is refused, as registries do.
inline constexpr std::size_t max_manifest_size = 4 * 1024 * 1024;

/// Reads a manifest. Errors (invalid_parameter): what is wrong with the JSON, a type or a digest;
/// `unsupported manifest schema version N`; `invalid manifest: N bytes are too many`; `invalid
/// manifest: it is an index too` (and `invalid index: it is a manifest too` the other way).
result<image_manifest> parse_manifest(std::string_view bytes);

/// Reads an index. Errors: as `parse_manifest`.
result<image_index> parse_index(std::string_view bytes);

/// The bytes as dockerd writes them today.
std::string write_manifest(const image_manifest& manifest);
std::string write_index(const image_index& index);

/// One image in the `manifest.json` of what `docker save` writes.
struct archive_item {
  std::string config; ///< path in the archive
  std::optional<std::vector<std::string>> repo_tags;
  std::optional<std::vector<std::string>> layers; ///< paths, base to top
  std::string parent; ///< id of the parent image if it is in the archive too
  std::map<std::string, descriptor> layer_sources; ///< by diff id

  friend bool operator==(const archive_item&, const archive_item&) = default;
};

/// Reads `manifest.json`; what follows its first value is passed over, as dockerd does. Errors
/// (invalid_parameter): `invalid manifest, manifest cannot be null (but can be [])`, what is wrong
/// with the JSON or a type.
result<std::vector<archive_item>> parse_archive_manifest(std::string_view bytes);

/// With a final newline.
std::string write_archive_manifest(const std::vector<archive_item>& items);

/// The `repositories` of what `docker save` writes: name -> tag -> hex of the top layer (today) or
/// of the image (version 1).
using repositories = std::map<std::string, std::map<std::string, std::string>>;

/// Reads `repositories`. Errors: as `parse_archive_manifest`.
result<repositories> parse_repositories(std::string_view bytes);

/// With a final newline.
std::string write_repositories(const repositories& names);

/// The content of `oci-layout`.
inline constexpr std::string_view oci_layout = R"({"imageLayoutVersion": "1.0.0"})";

/// Checks an `oci-layout`. Errors (invalid_parameter): `unsupported OCI image layout version "x"`,
/// what is wrong with the JSON.
result<void> check_oci_layout(std::string_view bytes);

} // namespace gantry::oci
