#pragma once

#include "protocol/container/config.hpp"
#include "protocol/container/devices.hpp"
#include "protocol/error.hpp"

#include <map>
#include <string>
#include <vector>

namespace gantry::containers {

/// Finds one of HostConfig.Devices on the host, links followed; a directory stands for all devices
/// in it and below. Errors (system), as dockerd has them: `error gathering device information while
/// adding custom device "/dev/x": no such file or directory`, `...: not a device node`.
result<std::vector<container::device_node>>
find_devices_blocking(const container::device_mapping& mapping);

/// All devices of the host below `directory`, by name, without terminals, the console and what
/// other container programs keep there: what a privileged container gets. Directories that cannot
/// be read are left out.
std::vector<container::device_node>
find_all_devices_blocking(const std::string& directory = "/dev");

/// The block devices that HostConfig.Blkio... name, links followed. What is not there is missing.
std::map<std::string, container::device_number>
find_block_devices_blocking(const container::container_resources& resources);

} // namespace gantry::containers
