#include "protocol/oci/load_plan.hpp"

#include "protocol/oci/history.hpp"
#include "protocol/oci/json_reader.hpp"
#include "protocol/oci/load_plan_parts.hpp"
#include "protocol/text.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace gantry::oci {

namespace detail {

namespace {

// True if `child` was made from `parent` by one more step.
bool is_next_step(const image_config& child, const image_config& parent) {
  if (child.history.empty() && parent.history.empty())
    return true; // having a history is not required
  return child.history.size() == parent.history.size() + 1 &&
         std::equal(parent.history.begin(), parent.history.end(), child.history.begin());
}

// Collects the images of a `manifest.json`.
class docker_planner {
public:
  docker_planner(const archive_view& view, const load_options& options)
      : view_{view}, options_{options} {}

  result<load_plan> run(const std::vector<archive_item>& items) {
    for (const auto& item : items) {
      auto added = add(item);
      if (!added)
        return added.error();
    }
    return link();
  }

private:
  result<void> add(const archive_item& item) {
    auto bytes = find_document(view_, item.config);
    if (!bytes)
      return bytes.error();
    auto [known, fresh] = by_config_.try_emplace(*bytes, plan_.images.size());
    if (fresh) {
      auto image = make(**bytes);
      if (!image)
        return image.error();
      plan_.images.push_back(std::move(*image));
    }
    auto& image = plan_.images[known->second];
    if (options_.only_wanted &&
        fitness({image.config.architecture, image.config.os, {}, {}, image.config.variant},
                options_.wanted) == 0) {
      if (fresh) {
        plan_.images.pop_back();
        by_config_.erase(known);
      }
      return {};
    }
    auto layers = plan_layers(item, image);
    if (!layers)
      return layers;
    const auto names = item.repo_tags.value_or(std::vector<std::string>{});
    for (const auto& name : names)
      if (auto tagged = add_tag(image, name); !tagged)
        return tagged;
    plan_.announce_ids = names.empty();
    parents_[image.id] = item.parent;
    return {};
  }

  static result<planned_image> make(const std::string& bytes) {
    auto config = parse_image_config(bytes);
    if (!config)
      return config.error();
    if (auto fits = check_os(config->os); !fits)
      return fits.error();
    planned_image image;
    image.id = sha256_of(bytes);
    image.config_bytes = bytes;
    image.config = std::move(*config);
    return image;
  }

  result<void> plan_layers(const archive_item& item, planned_image& image) const {
    const auto paths = item.layers.value_or(std::vector<std::string>{});
    const auto& diff_ids = image.config.diff_ids;
    if (paths.size() != diff_ids.size())
      return invalid_archive("invalid manifest, layers length mismatch: expected " +
                             std::to_string(paths.size()) + ", got " +
                             std::to_string(diff_ids.size()));
    if (diff_ids.size() > max_layers)
      return invalid_archive("max depth exceeded");
    std::vector<planned_layer> layers;
    for (std::size_t i = 0; i < diff_ids.size(); ++i) {
      auto layer = plan_layer(view_, options_, paths[i], diff_ids[i], i);
      if (!layer)
        return layer.error();
      layers.push_back(std::move(*layer));
    }
    image.layers = std::move(layers);
    return {};
  }

  // Sets the parents that are in the archive too, and puts them before their children.
  result<load_plan> link() {
    std::map<digest, const planned_image*> by_id;
    for (const auto& image : plan_.images)
      by_id[image.id] = &image;
    for (auto& image : plan_.images) {
      auto parent = digest::parse(parents_[image.id]);
      if (!parent || *parent == image.id || !by_id.contains(*parent))
        continue;
      if (!is_next_step(image.config, by_id[*parent]->config))
        return invalid_archive("image " + parent->str() + " is not a valid parent for " +
                               image.id.str());
      image.parent = std::move(*parent);
    }
    // A parent has a shorter history, or neither has one: then a circle would be possible.
    std::map<digest, std::size_t> depth;
    for (const auto& image : plan_.images) {
      std::size_t steps = 0;
      for (const auto* at = &image; !at->parent.empty(); at = by_id[at->parent])
        if (++steps > plan_.images.size())
          return invalid_archive("invalid manifest, image " + image.id.str() +
                                 " is among its own parents");
      depth[image.id] = steps;
    }
    std::stable_sort(plan_.images.begin(), plan_.images.end(),
                     [&](const auto& a, const auto& b) { return depth[a.id] < depth[b.id]; });
    return std::move(plan_);
  }

  const archive_view& view_;
  const load_options& options_;
  load_plan plan_;
  std::map<const std::string*, std::size_t> by_config_; // the document -> number of its image
  std::map<digest, std::string> parents_;
};

} // namespace

result<located_layer> locate_layer(const archive_view& view, std::string_view path) {
  auto resolved = resolve_archive_path(view, path);
  if (!resolved)
    return resolved.error();
  auto found = view.layers.find(*resolved);
  if (found != view.layers.end())
    return located_layer{std::move(*resolved), &found->second};
  if (view.documents.contains(*resolved) || view.others.contains(*resolved))
    return invalid_archive("archive/tar: invalid tar header");
  return located_layer{};
}

result<planned_layer> plan_layer(const archive_view& view, const load_options& options,
                                 std::string_view path, const digest& diff_id, std::size_t index) {
  auto located = locate_layer(view, path);
  if (located && located->layer) {
    if (located->layer->diff_id != diff_id)
      return invalid_archive("invalid diffID for layer " + std::to_string(index) + ": expected " +
                             quoted(diff_id.str()) + ", got " +
                             quoted(located->layer->diff_id.str()));
    return planned_layer{std::move(located->path), diff_id};
  }
  if (options.has_layer && options.has_layer(diff_id))
    return planned_layer{{}, diff_id};
  if (!located)
    return located.error();
  return invalid_archive("open " + clean_archive_path(path) + ": no such file or directory");
}

result<void> check_os(std::string_view os) {
  if (os.empty() || lower(os) == "linux")
    return {};
  return invalid_archive("cannot load " + std::string{os} + " image on linux");
}

result<void> add_tag(planned_image& image, const std::string& name) {
  auto ref = parse_reference(name);
  if (!ref)
    return ref.error();
  if (ref->tag.empty())
    return invalid_archive("invalid tag " + quoted(name));
  bool known = std::find(image.tags.begin(), image.tags.end(), *ref) != image.tags.end();
  if (check_new_tag(*ref) && !known)
    image.tags.push_back(std::move(*ref));
  return {};
}

result<load_plan> plan_docker_archive(const archive_view& view, const load_options& options,
                                      const std::string& manifest) {
  auto items = parse_archive_manifest(manifest);
  if (!items)
    return items.error();
  return docker_planner{view, options}.run(*items);
}

} // namespace detail

namespace {

result<load_plan> plan_by_kind(const archive_view& view, const load_options& options) {
  if (auto manifest = find_document(view, "manifest.json"))
    return detail::plan_docker_archive(view, options, **manifest);
  auto layout = find_document(view, "oci-layout");
  auto index = find_document(view, "index.json");
  if (layout && index) {
    if (auto good = check_oci_layout(**layout); !good)
      return good.error();
    return detail::plan_oci_layout(view, options, **index);
  }
  return detail::plan_legacy_archive(view);
}

} // namespace

result<load_plan> plan_load(const archive_view& view, const load_options& options) {
  auto plan = plan_by_kind(view, options);
  if (plan)
    for (const auto& image : plan->images)
      if (auto good = check_history(image.config); !good)
        return good.error();
  return plan;
}

} // namespace gantry::oci
