#pragma once

#include "protocol/container/config.hpp"
#include "protocol/error.hpp"

#include <string>
#include <vector>

namespace gantry::container {

/// Fills what a container's config leaves open from that of its image, as create does
/// (section 6.3): environment by name, ports, labels and volumes together, Cmd only if neither
/// Entrypoint nor Cmd were given, Entrypoint only if none was (`[]` is one), each member of the
/// health check. Shell, OnBuild and StopTimeout are not inherited.
void merge_image_config(container_config& config, const container_config& image);

/// Adds the daemon's default limits of those names that are not there, as inspect shows them.
void merge_ulimits(nullable_list<ulimit>& own, const std::vector<ulimit>& of_daemon);

/// What runs: the program and its arguments.
struct command_line {
  std::string path;
  std::vector<std::string> args;

  friend bool operator==(const command_line&, const command_line&) = default;
};

/// Entrypoint and Cmd together. NOTE: an Entrypoint of `[""]`, the way to be rid of the image's,
/// becomes null. Errors: invalid_parameter `no command specified`.
result<command_line> resolve_command(container_config& config);

/// `PATH ARGS...` as lists show it: arguments with a blank in single quotes.
std::string shown_command(const command_line& command);

} // namespace gantry::container
