#pragma once

#include "protocol/container/config.hpp"
#include "protocol/error.hpp"
#include "protocol/oci/digest.hpp"
#include "protocol/oci/image_config.hpp"
#include "protocol/oci/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What `docker commit` makes of a container (section 13.4), without its files.
namespace gantry::container {

/// Reads the body of `POST /commit`: a config, or nothing in it. Errors (invalid_parameter): as
/// `parse_create_request`.
result<std::optional<container_config>> parse_commit_config(std::string_view body);

/// The config of the new image: `asked`, or else the container's, changed by lines of a Dockerfile,
/// then filled up from the container's as create does from an image's. Errors: of
/// `oci::apply_changes`.
result<container_config> commit_config(const container_config& of_container,
                                       const std::optional<container_config>& asked,
                                       const std::vector<std::string>& changes);

/// Further facts of the new image.
struct commit_facts {
  std::string container;            ///< its id
  oci::run_config container_config; ///< and how it is run
  oci::run_config config;           ///< of the image
  std::string author;
  std::string comment;
  oci::instant created;
  std::string docker_version;
  std::optional<oci::digest> layer; ///< what it has changed; none: nothing
};

/// The image: a step further than `parent`, the container's. Like dockerd it takes the platform
/// from there and notes what the container ran.
oci::image_config committed_image(const oci::image_config& parent, commit_facts facts);

} // namespace gantry::container
