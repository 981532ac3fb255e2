#pragma once

#include "protocol/api/version.hpp"
#include "protocol/container/config.hpp"
#include "protocol/container/create_checks.hpp"
#include "protocol/container/merge.hpp"
#include "protocol/error.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::container {

/// A create request that is sound in itself.
struct prepared_create {
  create_request request;
  warning_list warnings;
  bool read_only_non_recursive = false; ///< see `version_effects`
};

/// Everything that create does before it looks for the image: reads the body, takes it as version
/// `v` means it, checks it and adjusts it to the host. Errors: those of `parse_create_request`,
/// `check_conflicts`, `adapt_to_version`, `check_config`, `check_host_config`. Blocks if `probe`
/// does.
result<prepared_create> prepare_create(std::string_view body, api::api_version v,
                                       const host_abilities& host, const create_settings& settings,
                                       const path_probe& probe);

/// Finds a container by id, name or prefix: its id, or nothing.
using container_lookup = std::function<std::optional<std::string>(std::string_view reference)>;

/// Everything after it: checks the endpoints, fills in the defaults of the daemon (section 6.2,
/// steps 12 to 14), merges with the image's config (null: there is no image) and finds the command.
/// Names in `container:NAME` become ids; only the container of a NetworkMode need not be there yet.
/// Errors: invalid_parameter, `No such container: x`, those of `check_networks`, `resolve_command`
/// and `check_log_config`.
result<command_line> complete_create(prepared_create& create, const container_config* image,
                                     const host_abilities& host, const create_settings& settings,
                                     const container_lookup& lookup);

/// What depends on the container's id: without a host name of its own it has the id's first 12
/// digits, on the host's network the host's.
void name_host(container_config& config, const host_config& host, std::string_view id,
               const create_settings& settings);

} // namespace gantry::container
