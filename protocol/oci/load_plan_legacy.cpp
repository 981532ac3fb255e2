#include "protocol/oci/load_plan_parts.hpp"

#include <map>
#include <vector>

namespace gantry::oci::detail {

namespace {

// Loads images of version 1: each folder is an image of one layer more than its parent.
class legacy_planner {
public:
  explicit legacy_planner(const archive_view& view) : view_{view} {}

  result<load_plan> run() {
    plan_.kind = archive_kind::legacy;
    for (const auto& folder : view_.folders)
      if (auto added = add_with_parents(folder); !added)
        return added.error();
    auto names = find_document(view_, "repositories");
    if (!names)
      return names.error();
    auto parsed = parse_repositories(**names);
    if (!parsed)
      return parsed.error();
    for (const auto& [name, tags] : *parsed)
      for (const auto& [tag, id] : tags)
        if (auto named = add_name(name, tag, id); !named)
          return named.error();
    return std::move(plan_);
  }

private:
  // An image that is not made yet.
  struct step {
    std::string folder;
    const std::string* bytes = nullptr;
    image_config v1;
  };

  result<void> add_with_parents(const std::string& folder) {
    std::vector<step> steps; // the image and those it needs, top to base
    for (std::string next = folder; !next.empty() && !number_.contains(next);) {
      if (steps.size() == max_layers)
        return invalid_archive("max depth exceeded"); // also if it is among its own parents
      auto read = read_step(next);
      if (!read)
        return read.error();
      next = read->v1.parent;
      steps.push_back(std::move(*read));
    }
    for (; !steps.empty(); steps.pop_back())
      if (auto added = add(steps.back()); !added)
        return added;
    return {};
  }

  result<step> read_step(const std::string& folder) const {
    auto bytes = find_document(view_, folder + "/json");
    if (!bytes)
      return bytes.error();
    auto v1 = parse_v1_config(**bytes);
    if (!v1)
      return v1.error();
    if (auto fits = check_os(v1->os); !fits)
      return fits.error();
    return step{folder, *bytes, std::move(*v1)};
  }

  result<void> add(const step& from) {
    planned_image image;
    std::vector<history_entry> history;
    if (auto parent = number_.find(from.v1.parent); parent != number_.end()) {
      const auto& base = plan_.images[parent->second];
      image.parent = base.id;
      image.layers = base.layers;
      history = base.config.history;
    }
    auto located = locate_layer(view_, from.folder + "/layer.tar");
    if (!located)
      return located.error();
    if (!located->layer)
      return invalid_archive("open " + clean_archive_path(from.folder + "/layer.tar") +
                             ": no such file or directory");
    image.layers.push_back({located->path, located->layer->diff_id});
    if (image.layers.size() > max_layers)
      return invalid_archive("max depth exceeded");
    history.push_back(v1_history(from.v1));

    std::vector<digest> diff_ids;
    for (const auto& layer : image.layers)
      diff_ids.push_back(layer.diff_id);
    auto bytes = convert_v1_config(*from.bytes, diff_ids, history);
    if (!bytes)
      return bytes.error();
    auto config = parse_image_config(*bytes);
    if (!config)
      return config.error();
    image.id = sha256_of(*bytes);
    image.config_bytes = std::move(*bytes);
    image.config = std::move(*config);
    number_[from.folder] = keep(std::move(image));
    return {};
  }

  // Puts the image among those to be made, unless it is there; gives its number.
  std::size_t keep(planned_image image) {
    auto [known, fresh] = by_id_.try_emplace(image.id, plan_.images.size());
    if (fresh)
      plan_.images.push_back(std::move(image));
    return known->second;
  }

  result<void> add_name(const std::string& name, const std::string& tag, const std::string& id) {
    auto image = number_.find(id);
    if (image == number_.end())
      return invalid_archive("invalid target ID: " + id);
    auto ref = parse_reference(name);
    if (!ref)
      return ref.error();
    auto tagged = with_tag(std::move(*ref), tag);
    if (!tagged)
      return tagged.error();
    return add_tag(plan_.images[image->second], tagged->str());
  }

  const archive_view& view_;
  load_plan plan_;
  std::map<std::string, std::size_t> number_; // id of version 1 -> number of its image
  std::map<digest, std::size_t> by_id_;
};

} // namespace

result<load_plan> plan_legacy_archive(const archive_view& view) {
  return legacy_planner{view}.run();
}

} // namespace gantry::oci::detail
