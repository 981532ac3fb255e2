#pragma once

#include "actors/store/image_catalog.hpp"
#include "protocol/oci/time.hpp"

#include <optional>
#include <string>
#include <vector>

namespace gantry::store {

/// Which images a listing shows: the filters of `docker images`. Those given all have to hold.
struct list_filter {
  bool all = false;                         ///< also images without a name that others are built on
  std::optional<bool> dangling = {};        ///< true: only untagged ones; false: only named ones
  std::vector<std::string> labels = {};     ///< `KEY` or `KEY=VALUE`; every one has to be there
  std::vector<std::string> before = {};     ///< images: created before each of them
  std::vector<std::string> since = {};      ///< images: created after each of them
  std::vector<oci::instant> until = {};     ///< created before each of these
  std::vector<std::string> references = {}; ///< globs, of which a name has to match one
};

/// One image of a listing, with the names that the listing shows of it.
struct listed_image {
  const image* what = nullptr;      ///< lives as long as the catalog
  std::vector<std::string> tags;    ///< familiar: `busybox:latest`
  std::vector<std::string> digests; ///< familiar: `busybox@sha256:HEX`
};

/// The images that match, newest first. Errors: not_found `No such image: x:latest` for an image
/// that `before` or `since` names; invalid_parameter `syntax error in pattern`.
/// Source: section 15.1, ImageList.
result<std::vector<listed_image>> list_images(const image_catalog& catalog,
                                              const list_filter& filter);

/// True if there is a label for each of `wanted` (`KEY` or `KEY=VALUE`). `labels` may be null.
bool has_labels(const std::map<std::string, std::string>* labels,
                const std::vector<std::string>& wanted);

} // namespace gantry::store
