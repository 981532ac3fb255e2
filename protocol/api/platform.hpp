#pragma once

#include "protocol/error.hpp"
#include "protocol/oci/manifest.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::api {

/// Reads a platform as the API has it since 1.48: `{"os":"linux","architecture":"arm64"}`; nothing
/// if it says nothing. Errors (invalid_parameter): `failed to parse platform: ...`, `both OS and
/// Architecture must be provided`, `optional platform fields provided, but OS and Architecture are
/// missing`.
result<std::optional<oci::platform>> parse_json_platform(std::string_view text);

/// Reads a platform: `linux/arm64/v8`, `linux`, `arm64`, or the JSON of one
/// (`{"os":"linux","architecture":"arm64"}`). What is not said is that of `host`. Errors:
/// invalid_parameter `"x" is an invalid component of "x/y": platform specifier component must match
/// "^[A-Za-z0-9_.-]+$": invalid argument`, `"x": cannot parse platform specifier: invalid
/// argument`, those of `parse_json_platform`.
result<oci::platform> parse_platform(std::string_view text, const oci::platform& host);

/// The one platform of a request that may name several. Errors: as `parse_platform`;
/// invalid_parameter `multiple platforms are not supported`.
result<std::optional<oci::platform>> only_platform(const std::vector<std::string>& texts,
                                                   const oci::platform& host);

} // namespace gantry::api
