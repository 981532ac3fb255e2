#include "actors/store/image_catalog.hpp"

#include <algorithm>
#include <unordered_map>

namespace gantry::store {

namespace {

/// Calls `f` with each layer of a stack once.
template <class F>
void each_distinct(const std::vector<std::shared_ptr<const layer_info>>& stack, F f) {
  for (auto layer = stack.begin(); layer != stack.end(); ++layer)
    if (std::find(stack.begin(), layer, *layer) == layer)
      f(**layer);
}

} // namespace

const std::map<std::string, std::string>* image::labels() const noexcept {
  const auto& run = config().config;
  return run && run->labels ? &*run->labels : nullptr;
}

bool image::has_tag() const noexcept {
  return std::any_of(references.begin(), references.end(),
                     [](const oci::reference& r) { return !r.tag.empty(); });
}

oci::reference kept_form(oci::reference name) {
  if (!name.content.empty())
    name.tag.clear();
  return name.with_default_tag();
}

image_catalog::image_catalog(const catalog_content& content) {
  std::unordered_map<const layer_info*, std::size_t> holders; // images that have a layer
  for (const auto& [id, facts] : content.images)
    each_distinct(facts->layers, [&](const layer_info& layer) {
      if (++holders[&layer] == 1)
        layers_size_ += layer.size;
    });
  images_.reserve(content.images.size());
  for (const auto& [id, facts] : content.images) {
    image entry;
    entry.facts = facts;
    for (const auto& layer : facts->layers)
      entry.size += layer->size;
    each_distinct(facts->layers, [&](const layer_info& layer) {
      if (holders[&layer] == 1)
        entry.own_size += layer.size;
    });
    images_.push_back(std::move(entry));
  }
  auto index_of = [this](const oci::digest& id) -> std::size_t {
    const auto* found = find(id);
    return found == nullptr ? images_.size() : static_cast<std::size_t>(found - images_.data());
  };
  for (const auto& [text, row] : content.references)
    if (auto index = index_of(row.image); index < images_.size()) {
      images_[index].references.push_back(row.name);
      names_.emplace(text, index);
    }
  for (const auto& entry : images_)
    if (const auto& parent = entry.facts->row.parent; !parent.empty())
      if (auto index = index_of(parent); index < images_.size())
        images_[index].children.push_back(entry.id());
}

const image* image_catalog::find(const oci::digest& id) const noexcept {
  auto at = std::lower_bound(images_.begin(), images_.end(), id,
                             [](const image& i, const oci::digest& d) { return i.id() < d; });
  return at != images_.end() && at->id() == id ? &*at : nullptr;
}

const image* image_catalog::find(const oci::reference& name) const {
  auto at = names_.find(kept_form(name).str());
  return at == names_.end() ? nullptr : &images_[at->second];
}

bool image_catalog::has_layer_of(std::uint64_t tar_size) const noexcept {
  return std::any_of(images_.begin(), images_.end(), [tar_size](const image& entry) {
    return std::any_of(entry.facts->layers.begin(), entry.facts->layers.end(),
                       [tar_size](const auto& layer) { return layer->tar_size == tar_size; });
  });
}

result<found_image> image_catalog::resolve(std::string_view name) const {
  auto parsed = oci::parse_any_reference(name);
  if (!parsed)
    return parsed.error();
  api_error missing{errc::not_found, "No such image: " + oci::familiar(*parsed)};
  if (const auto* id = std::get_if<oci::digest>(&*parsed)) {
    if (const auto* found = find(*id))
      return found_image{found, {}};
    return missing;
  }
  const auto& reference = std::get<oci::reference>(*parsed);
  if (const auto* found = find(reference))
    return found_image{found, kept_form(reference)};
  auto front = oci::id_prefix(name);
  if (front.empty())
    return missing;
  auto begins = [front](const image& i) { return i.id().hex().starts_with(front); };
  auto at = std::lower_bound(images_.begin(), images_.end(), front,
                             [](const image& i, std::string_view f) { return i.id().hex() < f; });
  if (at == images_.end() || !begins(*at) || (at + 1 != images_.end() && begins(*(at + 1))))
    return missing;
  return found_image{&*at, {}};
}

} // namespace gantry::store
