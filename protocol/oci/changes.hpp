#pragma once

#include "protocol/error.hpp"
#include "protocol/oci/image_config.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace gantry::oci {

/// What comes of a config by the lines of a Dockerfile that `docker import --change` and `docker
/// commit --change` give: CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL ONBUILD STOPSIGNAL USER
/// VOLUME WORKDIR. The lines are read as one text. Errors (invalid_parameter) in dockerd's words:
/// `copy is not a valid change command`, those of `parse_dockerfile` and `expand_word`, and what
/// each instruction objects to (`USER requires exactly one argument`, `invalid containerPort: x`,
/// ...). Source: sections 13.4 and 19.4.
result<run_config> apply_changes(run_config config, const std::vector<std::string>& changes);

/// `80`, `80/udp`, `8000-8010/tcp`, with or without a host's part: the ports that it exposes as
/// `80/tcp`. Errors: invalid_parameter `invalid containerPort: x`, `invalid proto: x`, `no port
/// specified: x<empty>`, `invalid hostPort: x`, `invalid IP address: x`, `invalid ranges specified
/// for container and host Ports: x and y`.
result<std::vector<std::string>> exposed_ports(std::string_view spec);

/// True if there is such a signal: a number other than 0 or a name, with or without `SIG`, in any
/// case.
bool is_signal(std::string_view text);

} // namespace gantry::oci
