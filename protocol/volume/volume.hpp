#pragma once

#include "protocol/container/config.hpp"
#include "protocol/error.hpp"
#include "protocol/oci/time.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Volumes as clients see them and as they are kept. Source: Engine API 1.50, section 21.
namespace gantry::volume {

/// The only driver.
inline constexpr std::string_view local_driver = "local";
/// The label of volumes that nobody named.
inline constexpr std::string_view anonymous_label = "com.docker.volume.anonymous";

/// A volume. Labels and options may be null, which is shown as it came.
struct volume_record {
  std::string name;
  oci::instant created;
  container::nullable_map labels;
  container::nullable_map options; ///< of the driver: `type`, `device`, `o`

  friend bool operator==(const volume_record&, const volume_record&) = default;
};

/// True if something is to be mounted on its directory while it is used.
bool needs_mount(const volume_record& volume) noexcept;

/// Checks the name of a new volume. Errors (invalid_parameter): `volume name is too short, ...`,
/// `"a b" includes invalid characters for a local volume name, ...`.
result<void> check_name(std::string_view name);

/// Checks which driver is asked for; none is the local one. Errors: not_found `error looking up
/// volume plugin D: plugin "D" not found`.
result<void> check_driver(std::string_view driver);

/// Checks a new volume's options. Errors (invalid_parameter): `invalid option: "x"`, `missing
/// required option: "device"`, `invalid size: 'x'`, `quota size requested but no quota support`.
result<void> check_options(const container::nullable_map& options);

/// An error as those who asked are told of it: `create NAME: ...`; without a name `create: ...`.
api_error failure_of(std::string_view operation, std::string_view name, const api_error& why);

/// not_found `get NAME: no such volume`.
api_error no_such_volume(std::string_view name);

/// What `definition` of the database has: labels and options.
std::string write_definition(const volume_record& volume);

/// Reads it back into a volume. Members that are missing say nothing. Errors (invalid_parameter):
/// what is wrong with the JSON.
result<void> read_definition(std::string_view json, volume_record& volume);

/// How much a volume is used.
struct volume_usage {
  std::int64_t references = 0; ///< containers that have it
  std::int64_t size = 0;       ///< bytes; -1: not known
};

/// A volume as clients see it. `directory`: its Mountpoint. `usage`: only of `system df`.
boost::json::object shown_volume(const volume_record& volume, std::string_view directory,
                                 const std::optional<volume_usage>& usage = {});

} // namespace gantry::volume
