#pragma once

#include "protocol/container/config.hpp"
#include "protocol/container/spec_facts.hpp"
#include "protocol/error.hpp"

#include <string>

namespace gantry::container {

/// `linux.resources` of the spec of a container: its limits and which devices it may use, as JSON.
/// What version 2 of control groups does not know (swappiness, the OOM killer's switch, real-time
/// CPU) is left out there, limits of kernel and TCP memory everywhere: runtimes take no notice of
/// them and kernels since 5.16 refuse them. Create has warned. Errors: invalid_parameter
/// `invalid device cgroup rule format: 'x'`; not_found `stat PATH: no such file or directory` for
/// a block device that is not in `facts`.
result<std::string> resources_json(const host_config& host, const daemon_facts& daemon,
                                   const spec_facts& facts);

/// The JSON that `runc update --resources -` and crun's take (POST /containers/{id}/update).
/// `resources` is the container's after the change; what is 0 or empty there stays as it is in
/// its control group. A MemorySwap of -1 and a PidsLimit of 0 or -1 lift the limit.
std::string update_json(const container_resources& resources, const daemon_facts& daemon);

} // namespace gantry::container
