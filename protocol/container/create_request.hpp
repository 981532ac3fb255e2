#pragma once

#include "protocol/api/version.hpp"
#include "protocol/container/config.hpp"
#include "protocol/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace gantry::container {

/// Reads the body of `POST /containers/create` as Go decodes it: names in any case, unknown ones
/// passed over, null for no value, Cmd, Entrypoint, Shell, CapAdd and CapDrop as a string or a
/// list. NetworkMode is never empty afterwards (`default`). Errors (invalid_parameter):
/// `invalid JSON: got EOF while reading request body`, `invalid JSON: REASON` (of a value of the
/// wrong type: `json: cannot unmarshal KIND into Go struct field CreateRequest.NAME of type TYPE`),
/// `unexpected content after JSON`, `config cannot be empty in order to create a container`.
/// Source: Engine API 1.50 ContainerCreate, section 6.2.
result<create_request> parse_create_request(std::string_view body);

/// What comes of reading a request as an older version of the API meant it.
struct version_effects {
  std::vector<std::string> warnings;
  /// Read-only binds leave what is mounted below them writable (below 1.44).
  bool read_only_non_recursive = false;
};

/// Takes a request as version `v` of the API means it (section 6.2, steps 3 to 5): what that
/// version does not know is dropped or refused, its defaults are filled in; `default` becomes
/// `bridge`, a PidsLimit of 0 or less is no limit, an empty restart policy is `no`, and the
/// MacAddress of Config goes to the main endpoint and back. `cgroup_v2`: the host has only version
/// 2 of cgroups. Errors (invalid_parameter): `VolumeOptions must not be specified on mount type
/// "bind"` and the like, `Container cannot be created with multiple network endpoints: a, b`,
/// `VolumeOptions.Subpath needs API v1.45 or newer`, `Mount type "Image" needs API v1.48 or newer`,
/// `conflicting options: mac-address and the network mode`, ...
result<version_effects> adapt_to_version(create_request& request, api::api_version v,
                                         bool cgroup_v2);

} // namespace gantry::container
