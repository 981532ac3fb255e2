#pragma once

#include "protocol/container/config.hpp"
#include "protocol/container/create_checks.hpp"
#include "protocol/error.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::container {

/// Something that is mounted into a container: what HostConfig's Binds, Mounts, VolumesFrom and the
/// volumes of Config come to. HostConfig.Tmpfs is not among them, as in inspect.
struct mount_point {
  std::string type;        ///< `bind`, `volume`, `tmpfs`, `image`
  std::string name;        ///< of a volume; empty until an anonymous one has been made
  std::string source;      ///< on the host; of a volume once it is there (`use_volume`)
  std::string destination; ///< in the container, absolute and clean
  std::string driver;      ///< of a volume; empty: the default one
  std::string mode;        ///< as written in Binds; `z` for a local volume that has none
  bool read_write = true;
  std::string propagation; ///< of a bind; `rprivate` if nothing was said
  bool copy_up = false;    ///< an empty volume gets what the image has at the destination
  /// Of a bind from Binds: a source that does not exist is made (0755, root) at start.
  bool create_source = false;
  mount_request spec; ///< what was asked for; for anonymous volumes `spec.source` is empty

  friend bool operator==(const mount_point&, const mount_point&) = default;
};

/// True for a volume that nobody named: `rm -v` takes it along.
bool is_anonymous(const mount_point& mount) noexcept;

/// Notes which volume stands behind the mount: name, driver and directory. A local one without a
/// mode gets `z`, unless it came from Config.Volumes.
void use_volume(mount_point& mount, std::string name, std::string driver, std::string directory);

/// Reads `SOURCE:TARGET[:MODE]`, `NAME:TARGET[:MODE]` or `TARGET`. Errors (invalid_parameter):
/// `invalid volume specification: 'x'` (and why), `invalid mode: x`. Source: section 6.4.
result<mount_point> parse_bind(std::string_view text, const std::string& volume_driver);

/// Takes one of HostConfig.Mounts; `probe` may be empty: sources of binds are not looked for.
/// Errors (invalid_parameter): `invalid mount config for type "T": ...`.
result<mount_point> parse_mount(const mount_request& request, const path_probe& probe);

/// `CONTAINER[:MODE]`.
struct volumes_from {
  std::string container;
  bool read_write = true;
};

/// Reads it. Errors (invalid_parameter): `volumes-from specification cannot be an empty string`,
/// `invalid mode: x`.
result<volumes_from> parse_volumes_from(std::string_view text);

/// Checks the target of one of HostConfig.Tmpfs. Errors (invalid_parameter): `invalid
/// specification: destination can't be '/'`, `invalid mount path: 'x' mount path must be absolute`.
result<void> check_tmpfs_target(std::string_view target);

/// The mount options of a mount of type tmpfs: `ro,mode=1777,size=64m,exec`. Errors
/// (invalid_parameter): `invalid option: x`, `invalid option array length`.
result<std::string> tmpfs_mount_options(const mount_request& request);

/// What a container has mounted, by name or id as in VolumesFrom. The error is `No such container:
/// x`.
using mounts_of_container =
    std::function<result<std::vector<mount_point>>(const std::string& container)>;

/// What mounts depend on beside the request.
struct mount_rules {
  bool read_only_non_recursive = false; ///< see `version_effects`
  /// The directory below which the daemon mounts. Binds that it is in, or that are in it, become
  /// `rslave`: else they would keep what the daemon unmounts. Empty: no such rule.
  std::string data_root;
};

/// All mounts of a container, ordered by destination: VolumesFrom give way to Binds, those to
/// Mounts, and the volumes of Config come only where nothing else is. Volumes are not made yet:
/// each mount of type volume without a source needs `use_volume`. `config`: after the merge with
/// the image's. Errors (invalid_parameter): those of the parsers and of `from`, `Duplicate mount
/// point: /x`, `invalid mount config: must use either propagation mode "rslave" or "rshared" when
/// mount source is within the daemon root, ...`.
result<std::vector<mount_point>> collect_mounts(const host_config& host,
                                                const container_config& config,
                                                const mount_rules& rules,
                                                const mounts_of_container& from);

/// A path without `.`, `..`, doubled and final slashes; `.` for an empty one. Source: Go's
/// path.Clean.
std::string clean_path(std::string_view path);

} // namespace gantry::container
