#pragma once

#include "actors/store/blob_files.hpp"
#include "actors/store/image_catalog.hpp"
#include "actors/store/image_removal.hpp"
#include "actors/store/metadata_db.hpp"
#include "actors/store/paths.hpp"
#include "actors/store/recovery.hpp"
#include "actors/store/space_reserve.hpp"
#include "actors/store/trash.hpp"
#include "protocol/error.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::store {

/// Names something that is under way (a load, a save, a build) and what it needs.
struct lease {
  std::uint64_t number = 0;
  friend auto operator<=>(const lease&, const lease&) = default;
};

/// A layer that was added, or was there.
struct layer_outcome {
  layer_info layer;
  bool existed = false;
};

/// An image that is to be kept.
struct new_image {
  std::string config;                     ///< the bytes whose digest is the id
  std::vector<oci::reference> references; ///< names it gets
  oci::digest parent;                     ///< the image it was built on; empty if none
  bool tagged = false; ///< note the time as that of its last tag: `build`, `import`, not `load`
};

/// A name that another image had before.
struct moved_reference {
  oci::reference name;
  oci::digest from;

  friend bool operator==(const moved_reference&, const moved_reference&) = default;
};

/// What came of `put_image` and `tag`.
struct put_outcome {
  oci::digest id;
  bool existed = false; ///< the image was there already
  std::vector<moved_reference> moved;
};

/// What came of a removal.
struct removal_outcome {
  std::vector<removal_record> records; ///< the answer, in its order
  std::vector<image_event> events;     ///< to be published, in this order
  std::uint64_t reclaimed = 0;         ///< bytes of the files of the layers that went
  std::vector<std::string> warnings;   ///< what could not be taken away; the next start does it
};

/// The images kept below the data root: every change of the database, the blobs and the places of
/// layers goes through here. Blocking, and for one thread at a time; the catalogs it gives out may
/// be read anywhere. A call that returns without error is on the disk; one that returns an error
/// changed nothing.
///
///     auto work = store->begin_lease();
///     store->add_layer(work, prepared, info)   // for each layer that hold_layer does not know
///     store->put_image(image)
///     store->end_lease(work)                   // whatever no image has goes
class image_store {
public:
  /// Opens the store below `root`, after `recover`. Errors: as `occupy`, `metadata_db::open` and
  /// `recover`. `now` gives the times that are noted.
  static result<std::unique_ptr<image_store>> open(const std::filesystem::path& root,
                                                   std::function<timestamp()> now = {});

  image_store(const image_store&) = delete;
  image_store& operator=(const image_store&) = delete;

  const paths& where() const noexcept { return paths_; }
  /// What recovery had to say, for the log.
  const std::vector<std::string>& warnings() const noexcept { return warnings_; }
  /// Where all goes that is taken away, also what recovery found: its owner deletes it. Never null.
  const std::shared_ptr<trash>& bin() const noexcept { return bin_; }

  /// All images as of the last change.
  std::shared_ptr<const image_catalog> catalog() const noexcept { return catalog_; }
  /// The bytes of an image's config. Errors: not_found.
  result<std::string> read_config(const oci::digest& image) const;

  /// Begins something that needs layers.
  lease begin_lease();
  /// Keeps a layer from going while the lease lasts; nothing if there is no such layer.
  std::optional<layer_info> hold_layer(lease work, const oci::digest& diff_id);
  /// Keeps the config and all layers of an image from going, even if the image itself does.
  /// Errors: not_found.
  result<void> hold_image(lease work, const oci::digest& image);
  /// Ends it. Layers that no image has and nobody else holds are taken away. A lease that is not
  /// known has ended already.
  void end_lease(lease work);

  /// Gives a layer its place and holds it. `prepared` is a directory below `tmp` with `diff` and
  /// `record`, brought to the disk (`write_barrier::flush`); it is gone afterwards, except after an
  /// error. If the layer is there already, that one is held.
  result<layer_outcome> add_layer(lease work, const std::filesystem::path& prepared,
                                  const layer_info& info);

  /// Keeps an image whose layers are all here (held by a lease, or of other images), and gives it
  /// its names, taking them away from others. An image that is there already only gets the names.
  /// Errors (invalid_parameter): as `oci::parse_image_config` and `oci::check_history`; `layer
  /// sha256:HEX of image sha256:HEX is not there`; `unknown parent image ID sha256:HEX`.
  result<put_outcome> put_image(const new_image& image);

  /// Gives the image that `source` names (`image_catalog::resolve`) one more name, and notes the
  /// time. Errors: as `resolve` and `oci::check_new_tag`.
  result<put_outcome> tag(std::string_view source, const oci::reference& name);
  /// Takes a name away, whatever it leads to, and leaves the image. False if nobody has it.
  result<bool> untag(const oci::reference& name);

  /// Removes a name or an image as `docker rmi` does: `removal_planner::remove`. A full disk is no
  /// hindrance, as long as the reserve is there.
  result<removal_outcome> remove_image(std::string_view name, const removal_options& options,
                                       const users_of_image& users = {});
  /// Removes what matches: `removal_planner::prune`. The last event is `prune`.
  result<removal_outcome> prune(const prune_filter& filter, const users_of_image& users = {});

private:
  /// A layer on the disk, and why it is there.
  struct kept_layer {
    std::shared_ptr<const layer_info> info;
    std::size_t images = 0;
    std::size_t holds = 0;
  };
  struct holdings {
    std::set<oci::digest> layers;
    std::set<oci::digest> configs;
  };

  image_store(paths where, std::function<timestamp()> now, host::unique_fd lock, metadata_db db,
              std::shared_ptr<trash> bin, recovered_state state);

  void publish();
  result<void> sync_new_layers();
  result<void> write_image(const image_facts& facts, bool existed, const new_image& image);
  result<removal_outcome> apply(const removal_plan& plan);
  result<void> forget(const removal_plan& plan, const std::vector<oci::digest>& layers);
  void hold(holdings& of, const oci::digest& diff_id);
  bool is_held(const oci::digest& diff_id) const;
  bool is_config_held(const oci::digest& image) const;
  void count_image(const image_row& row, int change);

  paths paths_;
  std::function<timestamp()> now_;
  host::unique_fd lock_;
  metadata_db db_;
  blob_files blobs_;
  space_reserve reserve_;
  std::vector<std::string> warnings_;
  std::shared_ptr<trash> bin_;
  catalog_content content_;
  std::shared_ptr<const image_catalog> catalog_;
  std::map<oci::digest, kept_layer> layers_;
  std::set<std::string> unsynced_drivers_; // whose directories have names that may not be on disk
  std::map<std::uint64_t, holdings> leases_;
  std::uint64_t last_lease_ = 0;
};

} // namespace gantry::store
