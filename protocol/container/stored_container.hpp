#pragma once

#include "protocol/container/config.hpp"
#include "protocol/container/mount_point.hpp"
#include "protocol/error.hpp"
#include "protocol/oci/time.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What the registry keeps of a container beside its id, its name and its state (`write_state`).
namespace gantry::container {

/// What a container is made as: changes when it is updated or joins and leaves networks, not when
/// it starts and ends.
struct container_definition {
  oci::instant created;
  std::string path; ///< the program
  std::vector<std::string> args;
  std::string image_id; ///< `sha256:...`
  std::string driver;   ///< of the root: `overlay2`
  /// Diff ids of the image's layers, base to top: the image may go before the container does.
  std::vector<std::string> layers;
  container_config config;
  container::host_config host_config;
  endpoint_map endpoints; ///< what was asked for in its networks
  std::vector<mount_point> mounts;

  friend bool operator==(const container_definition&, const container_definition&) = default;
};

/// Its JSON, which `parse_definition` reads back as it was: null stays apart from empty. NOTE: only
/// bytes that are not UTF-8 become U+FFFD, as Docker makes of them.
std::string write_definition(const container_definition& definition);

/// Reads it back. Members that are missing say nothing, so that what an older daemon wrote is read.
/// Errors (invalid_parameter): what is wrong with the JSON.
result<container_definition> parse_definition(std::string_view json);

} // namespace gantry::container
