#pragma once

#include "actors/store/image_catalog.hpp"
#include "actors/store/image_list.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::store {

/// A container that was made from an image.
struct image_user {
  std::string container; ///< its full id
  bool running = false;
};

/// The containers that were made from an image, in the order of listings.
using users_of_image = std::function<std::vector<image_user>(const oci::digest& image)>;

/// One item of the answer to a removal: `{"Untagged": ...}` or `{"Deleted": ...}`.
struct removal_record {
  enum class kind : std::uint8_t { untagged, deleted };
  kind what = kind::untagged;
  std::string name; ///< a familiar reference; an image id; the chain id of a layer

  friend bool operator==(const removal_record&, const removal_record&) = default;
};

/// An event of type `image` that is to be published once the change is made.
struct image_event {
  std::string action;
  std::string id;                                ///< `sha256:HEX`; "" for `prune`
  std::map<std::string, std::string> attributes; ///< labels, and `name`

  friend bool operator==(const image_event&, const image_event&) = default;
};

/// The event for an image that is there: its labels, and `name`.
image_event event_of(std::string action, const image& what, std::string name);

/// How an image is to be removed.
struct removal_options {
  bool force = false;    ///< also if stopped containers use it, or names of several repositories
  bool no_prune = false; ///< leave nameless parents alone
};

/// Which images a prune takes.
struct prune_filter {
  bool dangling = true;                   ///< only those without tag; else all that are not in use
  std::optional<oci::instant> until = {}; ///< created at this time or before
  std::vector<std::string> labels = {};   ///< `KEY` or `KEY=VALUE`; every one has to be there
  std::vector<std::string> not_labels = {}; ///< not if it has all of these
};

/// What a removal comes to.
struct removal_plan {
  std::vector<removal_record> records; ///< the answer, in its order
  std::vector<image_event> events;
  std::vector<oci::reference> references; ///< that go
  std::vector<oci::digest> images;        ///< that go; their names are among the references
};

/// Works out what a removal does, and whether it may be done, without doing anything. Several
/// removals in a row each see what those before did.
class removal_planner {
public:
  /// `catalog` outlives it. `users` may be empty: no containers. `held` says that a layer stays
  /// whatever happens to its images, by diff id; may be empty.
  removal_planner(const image_catalog& catalog, users_of_image users,
                  std::function<bool(const oci::digest&)> held);

  /// Removes a name; with the last one the image; with the image those parents that have no name,
  /// no child and no container. `name` as for `image_catalog::resolve`. After an error nothing of
  /// it is in the plan. Errors: invalid_parameter `image name cannot be blank`; those of `resolve`;
  /// conflict `conflict: unable to delete ID (must be forced) - ...`, `conflict: unable to remove
  /// repository reference "NAME" (must force) - ...`. Source: section 15.5, ImageDelete.
  result<void> remove(std::string_view name, const removal_options& options);

  /// Removes all images that match; those that are in use are passed over. Source: section 13.5,
  /// ImagePrune.
  void prune(const prune_filter& filter);

  /// The plan so far.
  const removal_plan& plan() const noexcept { return plan_; }

private:
  struct conflict;
  /// Which conflicts count: bits.
  enum conflict_mask : unsigned { children = 1, running = 2, referenced = 4, stopped = 8 };

  std::vector<oci::reference> references_of(const image& what) const;
  bool has_children(const image& what) const;
  std::optional<conflict> find_conflict(const image& what, unsigned mask) const;
  std::vector<image_user> users_of(const image& what) const;
  result<void> remove_name(const image& what, const oci::reference& name, std::string_view given,
                           const removal_options& options);
  result<void> remove_id(const image& what, const removal_options& options);
  void untag(const oci::reference& name);
  void untag_all(const image& what);
  /// `quiet`: a conflict is not worth an error, for a name has gone.
  result<void> remove_image(const image& what, const removal_options& options, bool quiet);
  void release_layers(const image& what);
  void prune_image(const image& what);

  const image_catalog& catalog_;
  users_of_image users_;
  std::function<bool(const oci::digest&)> held_;
  std::set<std::string> gone_references_;
  std::set<oci::digest> gone_images_;
  std::map<oci::digest, std::size_t> chain_holders_; // how many images still have each chain
  removal_plan plan_;
};

} // namespace gantry::store
