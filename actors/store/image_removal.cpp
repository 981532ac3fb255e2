#include "actors/store/image_removal.hpp"

#include <algorithm>
#include <utility>

namespace gantry::store {

struct removal_planner::conflict {
  bool hard = false; ///< force does not help
  bool used = false; ///< by a container
  std::string reason;

  api_error error(const image& what) const {
    return {errc::conflict, "conflict: unable to delete " + std::string{what.id().short_id()} +
                                (hard ? " (cannot be forced) - " : " (must be forced) - ") +
                                reason};
  }
};

namespace {

/// True if all names are of one repository with at most one tag: to name the image by its id is
/// then as good as by its name. False if there is no name.
bool is_single_reference(const std::vector<oci::reference>& names) {
  auto tags = std::count_if(names.begin(), names.end(),
                            [](const oci::reference& r) { return !r.tag.empty(); });
  return !names.empty() && tags <= 1 &&
         std::all_of(names.begin(), names.end(), [&](const oci::reference& r) {
           return r.domain == names[0].domain && r.path == names[0].path;
         });
}

} // namespace

image_event event_of(std::string action, const image& what, std::string name) {
  image_event event{std::move(action), what.id().str(), {}};
  if (const auto* labels = what.labels())
    event.attributes = *labels;
  event.attributes["name"] = std::move(name);
  return event;
}

removal_planner::removal_planner(const image_catalog& catalog, users_of_image users,
                                 std::function<bool(const oci::digest&)> held)
    : catalog_(catalog), users_(std::move(users)), held_(std::move(held)) {
  for (const auto& entry : catalog.images())
    for (const auto& chain : entry.facts->chain_ids)
      ++chain_holders_[chain];
}

std::vector<oci::reference> removal_planner::references_of(const image& what) const {
  auto names = what.references;
  std::erase_if(names, [this](const oci::reference& r) { return gone_references_.count(r.str()); });
  return names;
}

bool removal_planner::has_children(const image& what) const {
  return std::any_of(what.children.begin(), what.children.end(),
                     [this](const oci::digest& id) { return !gone_images_.count(id); });
}

std::vector<image_user> removal_planner::users_of(const image& what) const {
  return users_ ? users_(what.id()) : std::vector<image_user>{};
}

std::optional<removal_planner::conflict> removal_planner::find_conflict(const image& what,
                                                                        unsigned mask) const {
  if ((mask & children) != 0 && has_children(what))
    return conflict{true, false, "image has dependent child images"};
  auto users = users_of(what);
  auto user = [&users](bool is_running) {
    return std::find_if(users.begin(), users.end(),
                        [is_running](const image_user& u) { return u.running == is_running; });
  };
  auto short_name = [](const image_user& u) { return std::string{oci::short_id(u.container)}; };
  if (auto found = user(true); (mask & running) != 0 && found != users.end())
    return conflict{true, true, "image is being used by running container " + short_name(*found)};
  if ((mask & referenced) != 0 && !references_of(what).empty())
    return conflict{false, false, "image is referenced in multiple repositories"};
  if (auto found = user(false); (mask & stopped) != 0 && found != users.end())
    return conflict{false, true, "image is being used by stopped container " + short_name(*found)};
  return std::nullopt;
}

result<void> removal_planner::remove(std::string_view name, const removal_options& options) {
  if (name.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return api_error{errc::invalid_parameter, "image name cannot be blank"};
  auto found = catalog_.resolve(name);
  if (!found)
    return found.error();
  bool gone = gone_images_.count(found->what->id()) != 0 ||
              (found->name && gone_references_.count(found->name->str()) != 0);
  if (gone)
    return api_error{errc::not_found,
                     "No such image: " + oci::familiar(*oci::parse_any_reference(name))};
  // NOTE: dockerd takes a name that is also the front of the image's id for the id (`rmi cafe`
  // where the image `cafe` is sha256:cafe...); here what was found decides.
  if (found->name)
    return remove_name(*found->what, *found->name, name, options);
  return remove_id(*found->what, options);
}

result<void> removal_planner::remove_name(const image& what, const oci::reference& name,
                                          std::string_view given, const removal_options& options) {
  auto names = references_of(what);
  if (auto users = users_of(what); !options.force && is_single_reference(names) && !users.empty())
    return api_error{errc::conflict, "conflict: unable to remove repository reference \"" +
                                         std::string{given} + "\" (must force) - container " +
                                         std::string{oci::short_id(users[0].container)} +
                                         " is using its referenced image " +
                                         std::string{what.id().short_id()}};
  untag(name);
  plan_.events.push_back(event_of("untag", what, what.id().str()));

  // With the last tag of a repository its digests go too.
  names = references_of(what);
  auto same_repository = [&name](const oci::reference& r) {
    return r.domain == name.domain && r.path == name.path;
  };
  bool tags_left = std::any_of(names.begin(), names.end(), [&](const oci::reference& r) {
    return same_repository(r) && !r.tag.empty();
  });
  if (!name.tag.empty() && !tags_left)
    for (const auto& other : names)
      if (same_repository(other))
        untag(other);
  if (!references_of(what).empty())
    return {};
  return remove_image(what, options, true);
}

result<void> removal_planner::remove_id(const image& what, const removal_options& options) {
  if (is_single_reference(references_of(what))) {
    unsigned mask = children | running | (options.force ? 0U : stopped);
    if (auto conflict = find_conflict(what, mask))
      return conflict->error(what);
    untag_all(what);
  }
  return remove_image(what, options, false);
}

void removal_planner::untag(const oci::reference& name) {
  gone_references_.insert(name.str());
  plan_.references.push_back(name);
  plan_.records.push_back({removal_record::kind::untagged, name.familiar()});
}

void removal_planner::untag_all(const image& what) {
  for (const auto& name : references_of(what)) {
    untag(name);
    plan_.events.push_back(event_of("untag", what, what.id().str()));
  }
}

result<void> removal_planner::remove_image(const image& what, const removal_options& options,
                                           bool quiet) {
  unsigned mask = children | running | (options.force ? 0U : referenced | stopped);
  if (auto conflict = find_conflict(what, mask)) {
    bool nameless = references_of(what).empty() && !has_children(what);
    if (quiet && (!nameless || conflict->used))
      return {};
    return conflict->error(what);
  }
  untag_all(what);
  gone_images_.insert(what.id());
  plan_.images.push_back(what.id());
  // The image is gone by then, and its labels with it.
  plan_.events.push_back({"delete", what.id().str(), {{"name", what.id().str()}}});
  plan_.records.push_back({removal_record::kind::deleted, what.id().str()});
  release_layers(what);

  const auto& parent = what.facts->row.parent;
  const auto* above = options.no_prune || parent.empty() ? nullptr : catalog_.find(parent);
  if (above == nullptr || gone_images_.count(parent) != 0)
    return {};
  return remove_image(*above, {}, true);
}

void removal_planner::release_layers(const image& what) {
  const auto& chains = what.facts->chain_ids;
  const auto& diffs = what.facts->row.layers;
  bool free = true; // a layer stays as long as one stands on it
  for (std::size_t i = chains.size(); i-- > 0;) {
    bool last = --chain_holders_[chains[i]] == 0;
    free = free && last && !(held_ && held_(diffs[i]));
    if (free)
      plan_.records.push_back({removal_record::kind::deleted, chains[i].str()});
  }
}

void removal_planner::prune(const prune_filter& filter) {
  std::vector<const image*> newest_first;
  for (const auto& entry : catalog_.images())
    newest_first.push_back(&entry);
  std::stable_sort(newest_first.begin(), newest_first.end(), [](const image* a, const image* b) {
    return a->config().created > b->config().created;
  });
  // What is matched is decided before anything goes: a parent goes with its child, or stays.
  std::erase_if(newest_first, [&filter](const image* entry) {
    bool intermediate = entry->references.empty() && !entry->children.empty();
    bool too_young =
        filter.until && !(entry->config().created && *entry->config().created <= *filter.until);
    bool excluded = !filter.not_labels.empty() && has_labels(entry->labels(), filter.not_labels);
    return intermediate || too_young || excluded || !has_labels(entry->labels(), filter.labels) ||
           (filter.dangling && (entry->has_tag() || !entry->children.empty()));
  });
  for (const auto* entry : newest_first)
    prune_image(*entry);
}

void removal_planner::prune_image(const image& what) {
  // NOTE: dockerd takes the tags of an image in use away one by one until it comes to the last.
  if (gone_images_.count(what.id()) != 0 || !users_of(what).empty())
    return;
  // A conflict is no failure here: the image stays.
  auto names = references_of(what);
  if (names.empty()) {
    (void)remove_id(what, {});
    return;
  }
  for (const auto& name : names)
    if (gone_references_.count(name.str()) == 0)
      (void)remove_name(what, name, name.familiar(), {});
}

} // namespace gantry::store
