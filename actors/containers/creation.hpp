#pragma once

#include "actors/containers/container_services.hpp"
#include "actors/containers/manager.hpp"
#include "actors/containers/outcome.hpp"
#include "protocol/api/version.hpp"

#include <string>
#include <vector>

namespace gantry::containers {

/// A request to make a container (Engine API ContainerCreate).
struct creation_request {
  std::string body;
  api::api_version version;
  std::string name;     ///< with or without slash; empty: one is made up
  std::string platform; ///< `linux/amd64` or JSON, which the image has to be for; empty: any
};

/// What came of it.
struct created_container {
  std::string id;
  std::vector<std::string> warnings;
};

/// Makes a container: checks the request, keeps the image's layers, makes the files and has the
/// manager adopt it. Works step by step on workers and actors; what a step that fails leaves is
/// taken away. Errors: those of `container::prepare_create` and `complete_create`; not_found
/// `No such image: x:latest`, `oci::other_platform`; those of `api::parse_platform`; conflict for a
/// name that is taken; of the file system and the registry. Any thread.
void create_container(const container_services& services, const manager_actor& manager,
                      creation_request asked, outcome<created_container> answer);

} // namespace gantry::containers
