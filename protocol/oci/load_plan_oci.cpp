#include "protocol/oci/load_plan_parts.hpp"

#include "protocol/text.hpp"

#include <algorithm>
#include <map>

namespace gantry::oci::detail {

namespace {

// An index may hold indexes, but who nests them deeper is up to no good.
constexpr int max_index_depth = 4;

std::string blob_path(const digest& content) {
  return "blobs/" + std::string{content.algorithm()} + '/' + std::string{content.hex()};
}

// How well what a descriptor names fits; what names no platform may be any.
int fitness_of(const descriptor& d, const platform& wanted) {
  if (!d.platform || (d.platform->os.empty() && d.platform->architecture.empty()))
    return 1;
  return fitness(*d.platform, wanted) * 2;
}

// NOTE: dockerd with the containerd store takes a bare `org.opencontainers.image.ref.name` for a
// name, too: an image that another tool tagged `latest` is called `latest:latest`.
std::string name_of(const descriptor& d) {
  for (auto key : {full_name_annotation, ref_name_annotation})
    if (auto found = d.annotations.find(std::string{key}); found != d.annotations.end())
      return found->second;
  return {};
}

class oci_planner {
public:
  oci_planner(const archive_view& view, const load_options& options)
      : view_{view}, options_{options} {}

  result<load_plan> run(const image_index& index) {
    plan_.kind = archive_kind::oci;
    for (const auto& entry : index.manifests) {
      auto fits = fitness_of(entry, options_.wanted);
      if (fits == 0 || has_better(index, entry, fits))
        continue;
      if (auto added = add(entry); !added)
        return added.error();
    }
    if (plan_.images.empty() && !index.manifests.empty())
      return no_match();
    return std::move(plan_);
  }

private:
  api_error no_match() const {
    return invalid_archive("no matching manifest for " + to_string(options_.wanted) +
                           " in the archive");
  }

  // Entries of one name are one image for several platforms.
  bool has_better(const image_index& index, const descriptor& entry, int fits) const {
    auto name = name_of(entry);
    return !name.empty() &&
           std::any_of(index.manifests.begin(), index.manifests.end(), [&](const descriptor& d) {
             return name_of(d) == name && fitness_of(d, options_.wanted) > fits;
           });
  }

  result<void> add(const descriptor& entry) {
    auto manifest = choose(entry, 0);
    if (!manifest)
      return manifest.error();
    auto [known, fresh] = by_manifest_.try_emplace(manifest->content, plan_.images.size());
    if (fresh) {
      auto image = make(*manifest);
      if (!image)
        return image.error();
      plan_.images.push_back(std::move(*image));
    }
    auto& image = plan_.images[known->second];
    auto name = name_of(entry);
    auto ref = parse_reference(name);
    plan_.announce_ids = !ref;
    if (!ref)
      return {};
    return add_tag(image, ref->with_default_tag().str());
  }

  // The descriptor of the one manifest to take: `entry` itself, or the best of the index it names.
  result<descriptor> choose(const descriptor& entry, int depth) const {
    auto bytes = open(entry);
    if (!bytes)
      return bytes.error();
    if (parse_media_type(entry.media_type).kind != media_type::content::index)
      return entry;
    if (depth == max_index_depth)
      return invalid_archive("invalid index: nested too deeply");
    auto index = parse_index(**bytes);
    if (!index)
      return index.error();
    auto candidates = index->manifests;
    std::stable_sort(candidates.begin(), candidates.end(), [&](const auto& a, const auto& b) {
      return fitness_of(a, options_.wanted) > fitness_of(b, options_.wanted);
    });
    for (const auto& candidate : candidates) {
      if (fitness_of(candidate, options_.wanted) == 0)
        break;
      // Archives may hold only some of the platforms that the index lists.
      if (view_.documents.contains(blob_path(candidate.content)))
        return choose(candidate, depth + 1);
    }
    return no_match();
  }

  // A document that has to be just what its descriptor says.
  result<const std::string*> open(const descriptor& d) const {
    if (d.content.empty())
      return invalid_archive("invalid descriptor: no digest");
    auto path = blob_path(d.content);
    auto bytes = find_document(view_, path);
    if (!bytes)
      return bytes;
    if (d.content.algorithm() != "sha256")
      return invalid_archive("unsupported digest algorithm: " + quoted(d.content.str()));
    if (auto actual = sha256_of(**bytes); actual != d.content)
      return invalid_archive("invalid digest of " + path + ": expected " + quoted(d.content.str()) +
                             ", got " + quoted(actual.str()));
    return bytes;
  }

  result<planned_image> make(const descriptor& entry) const {
    auto bytes = open(entry);
    if (!bytes)
      return bytes.error();
    auto manifest = parse_manifest(**bytes);
    if (!manifest)
      return manifest.error();
    if (!manifest->config.media_type.empty() &&
        parse_media_type(manifest->config.media_type).kind != media_type::content::config)
      return invalid_archive("unsupported config media type " +
                             quoted(manifest->config.media_type));
    auto config_bytes = open(manifest->config);
    if (!config_bytes)
      return config_bytes.error();
    auto config = parse_image_config(**config_bytes);
    if (!config)
      return config.error();
    if (auto fits = check_os(config->os); !fits)
      return fits.error();
    planned_image image;
    image.id = manifest->config.content;
    image.config_bytes = **config_bytes;
    image.config = std::move(*config);
    if (auto planned = plan_layers(*manifest, image); !planned)
      return planned.error();
    return image;
  }

  result<void> plan_layers(const image_manifest& manifest, planned_image& image) const {
    const auto& diff_ids = image.config.diff_ids;
    if (manifest.layers.size() != diff_ids.size())
      return invalid_archive("invalid manifest, layers length mismatch: expected " +
                             std::to_string(manifest.layers.size()) + ", got " +
                             std::to_string(diff_ids.size()));
    if (diff_ids.size() > max_layers)
      return invalid_archive("max depth exceeded");
    for (std::size_t i = 0; i < diff_ids.size(); ++i) {
      const auto& content = manifest.layers[i].content;
      if (content.empty())
        return invalid_archive("invalid descriptor: no digest");
      auto layer = plan_layer(view_, options_, blob_path(content), diff_ids[i], i);
      if (!layer)
        return layer.error();
      if (!layer->path.empty())
        if (const auto& actual = view_.layers.find(layer->path)->second.content; actual != content)
          return invalid_archive("invalid digest of layer " + std::to_string(i) + ": expected " +
                                 quoted(content.str()) + ", got " + quoted(actual.str()));
      image.layers.push_back(std::move(*layer));
    }
    return {};
  }

  const archive_view& view_;
  const load_options& options_;
  load_plan plan_;
  std::map<digest, std::size_t> by_manifest_; // manifest -> number of its image
};

} // namespace

result<load_plan> plan_oci_layout(const archive_view& view, const load_options& options,
                                  const std::string& index) {
  auto parsed = parse_index(index);
  if (!parsed)
    return parsed.error();
  return oci_planner{view, options}.run(*parsed);
}

} // namespace gantry::oci::detail
