#pragma once

#include "protocol/error.hpp"
#include "protocol/oci/digest.hpp"
#include "protocol/oci/time.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::oci {

/// A list of which JSON knows two empty forms: none (`null`) and `[]`. Clients see the difference.
using string_list = std::optional<std::vector<std::string>>;

/// How to check that a container is healthy. Times in nanoseconds, 0: inherit.
struct healthcheck {
  string_list test; ///< `["NONE"]`, `["CMD", ...]`, `["CMD-SHELL", line]`; empty: inherit
  std::int64_t interval = 0;
  std::int64_t timeout = 0;
  std::int64_t start_period = 0;
  std::int64_t start_interval = 0;
  std::int64_t retries = 0;

  friend bool operator==(const healthcheck&, const healthcheck&) = default;
};

/// How a container is run: the `config` of an image. Members in the order in which Docker writes
/// them.
struct run_config {
  std::string hostname;
  std::string domainname;
  std::string user;
  bool attach_stdin = false;
  bool attach_stdout = false;
  bool attach_stderr = false;
  std::optional<std::set<std::string>> exposed_ports; ///< `80/tcp`
  bool tty = false;
  bool open_stdin = false;
  bool stdin_once = false;
  string_list env; ///< `KEY=VALUE`
  string_list cmd;
  std::optional<oci::healthcheck> healthcheck;
  bool args_escaped = false;
  std::string image;
  std::optional<std::set<std::string>> volumes;
  std::string working_dir;
  string_list entrypoint;
  bool network_disabled = false;
  std::string mac_address;
  string_list on_build;
  std::optional<std::map<std::string, std::string>> labels;
  std::string stop_signal;
  std::optional<std::int64_t> stop_timeout; ///< seconds
  string_list shell;

  friend bool operator==(const run_config&, const run_config&) = default;
};

/// One step of those that made an image.
struct history_entry {
  std::optional<instant> created;
  std::string created_by;
  std::string author;
  std::string comment;
  bool empty_layer = false; ///< the step made no layer

  friend bool operator==(const history_entry&, const history_entry&) = default;
};

/// What an image's config says, Docker's or OCI's. The bytes are what counts (their digest is the
/// image's id): keep them, this is a view for reading.
struct image_config {
  std::optional<instant> created;
  std::string author;
  std::string comment;
  std::string architecture;
  std::string variant;
  std::string os;
  std::string os_version;
  std::vector<std::string> os_features;
  std::string docker_version;
  std::string container; ///< id of the container it was made from
  std::string parent;    ///< id of the image it was made from
  std::string id;        ///< version 1 only
  std::int64_t size = 0; ///< version 1 only
  std::optional<run_config> config;
  run_config container_config;  ///< that of the container it was made from
  std::string rootfs_type;      ///< `layers`
  std::vector<digest> diff_ids; ///< base to top
  std::vector<history_entry> history;

  friend bool operator==(const image_config&, const image_config&) = default;
};

/// A config that is larger is refused: real ones have some kilobytes.
inline constexpr std::size_t max_config_size = 8 * 1024 * 1024;

/// Reads a config. Unknown members and null are passed over, names are taken in any case, the last
/// of several wins, as Go decodes. Errors (invalid_parameter): `invalid image JSON, no RootFS key`,
/// what is wrong with the JSON, `json: cannot unmarshal KIND into Go struct field Image.NAME of
/// type TYPE`, what is wrong with a diff id, `image config is too large: N bytes`.
result<image_config> parse_image_config(std::string_view bytes);

/// The same for the config of an image of version 1 (`ID/json`), which has no layers in it.
result<image_config> parse_v1_config(std::string_view bytes);

/// The bytes that dockerd writes for a new image: members sorted by name, those of inner objects
/// in Docker's order.
std::string write_image_config(const image_config& image);

/// The bytes of an image of version 1: Docker's order, no layers and no history.
std::string write_v1_config(const image_config& image);

/// The JSON of a run config as in `write_image_config`.
std::string write_run_config(const run_config& config);

/// The chain ids of a stack of layers, base to top: each names the whole stack up to there. The
/// first is its diff id, each further one is sha256 of `CHAIN DIFF`.
std::vector<digest> chain_ids(const std::vector<digest>& diff_ids);

/// The JSON of a list of steps.
std::string write_history(const std::vector<history_entry>& history);

/// The id that Docker before 1.10 gave to a layer with that config: the digest of the config with
/// the layer's chain id and the parent's id (empty for the base) in it.
digest v1_id(image_config image, const digest& chain_id, const digest& parent);

/// The step that an image of version 1 stands for.
history_entry v1_history(const image_config& v1);

/// The config of today that dockerd makes of a version 1 config: its members as they are, sorted,
/// without those that only version 1 has, and with layers and history. Errors: as
/// `parse_v1_config`.
result<std::string> convert_v1_config(std::string_view v1_bytes,
                                      const std::vector<digest>& diff_ids,
                                      const std::vector<history_entry>& history);

/// The config of an image that was made of one layer by `docker import`.
struct import_options {
  run_config config;
  std::string architecture;
  std::string variant;
  std::string os;
  std::string docker_version;
  std::string comment;
  instant created;
  digest diff_id;
};

/// The config that dockerd makes for `docker import`.
image_config imported_image(const import_options& options);

} // namespace gantry::oci
