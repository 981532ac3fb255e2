#pragma once

#include "actors/store/metadata.hpp"
#include "protocol/error.hpp"
#include "protocol/oci/digest.hpp"
#include "protocol/oci/image_config.hpp"
#include "protocol/oci/reference.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::store {

/// What is and stays known of an image: its row and what its config says.
struct image_facts {
  image_row row;
  std::shared_ptr<const oci::image_config> config;
  std::vector<std::shared_ptr<const layer_info>> layers; ///< base to top; shared between images
  std::vector<oci::digest> chain_ids;                    ///< one per layer, base to top
};

/// One image as the catalog shows it.
struct image {
  std::shared_ptr<const image_facts> facts;
  std::vector<oci::reference> references; ///< in the order of their full text
  std::vector<oci::digest> children;      ///< images built on this one, by id
  std::uint64_t size = 0;                 ///< bytes of the files of all its layers
  /// Of these, the bytes of layers that no other image has: what goes if the image goes.
  std::uint64_t own_size = 0;

  const oci::digest& id() const noexcept { return facts->row.id; }
  const oci::image_config& config() const noexcept { return *facts->config; }
  /// Its labels; null if it has none.
  const std::map<std::string, std::string>* labels() const noexcept;
  /// True if one of its names has a tag.
  bool has_tag() const noexcept;
};

/// What a name was found to mean.
struct found_image {
  const image* what = nullptr; ///< lives as long as the catalog
  /// The name that led to it, in full; empty if the id or a part of it did.
  std::optional<oci::reference> name;
};

/// What the catalog is made of; the store keeps it up to date.
struct catalog_content {
  std::map<oci::digest, std::shared_ptr<const image_facts>> images;
  std::map<std::string, reference_row> references; ///< by full text
};

/// All images at one moment. Does not change, so anybody may read it on any thread for as long as
/// they hold it.
class image_catalog {
public:
  image_catalog() = default;
  /// Names of images that are not there, and parents that are not, are passed over.
  explicit image_catalog(const catalog_content& content);

  image_catalog(image_catalog&&) = delete;

  /// All images, by id.
  const std::vector<image>& images() const noexcept { return images_; }
  /// The image of that id; null if there is none.
  const image* find(const oci::digest& id) const noexcept;
  /// The image that has exactly that name (`:latest` if it has neither tag nor digest; with both,
  /// the digest counts); null if there is none.
  const image* find(const oci::reference& name) const;
  /// Bytes of the files of all layers, each once.
  std::uint64_t layers_size() const noexcept { return layers_size_; }

  /// True if an image has a layer whose tar has that many bytes. Looks at all.
  bool has_layer_of(std::uint64_t tar_size) const noexcept;

  /// Finds an image as dockerd does: by whole id, else by name, else by a part of the id that only
  /// one begins with (with or without `sha256:`). Errors: invalid_parameter as
  /// `oci::parse_any_reference`; not_found `No such image: busybox:latest`, also if several ids
  /// begin so. Source: section 4.
  result<found_image> resolve(std::string_view name) const;

private:
  std::vector<image> images_;
  std::map<std::string, std::size_t, std::less<>> names_; // full text -> index
  std::uint64_t layers_size_ = 0;
};

/// The form in which a name is kept: with tag or with digest, never both and never neither.
oci::reference kept_form(oci::reference name);

} // namespace gantry::store
