#include "protocol/oci/save_plan.hpp"

#include "protocol/oci/image_config.hpp"
#include "protocol/oci/manifest.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace gantry::oci {

namespace {

constexpr std::string_view blob_folder = "blobs/sha256/";
constexpr std::int64_t last_second = 9223372036; // of a Go time in nanoseconds

// The time that files of an image get: that of the image, if it is one that files can have.
std::int64_t file_time(const image_config& config) {
  if (!config.created || config.created->seconds < 0 || config.created->seconds > last_second)
    return 0;
  return config.created->seconds;
}

std::string blob_path(const digest& content) {
  return std::string{blob_folder} + std::string{content.hex()};
}

class archive_writer {
public:
  explicit archive_writer(const std::vector<saved_image>& images) : images_{images} {}

  result<std::vector<archive_entry>> run() {
    for (const auto& image : images_)
      if (auto added = add(image); !added)
        return added.error();
    set_parents();
    add_folder("blobs/");
    add_folder(std::string{blob_folder});
    add_file("index.json", write_index(index_), 0);
    add_file("manifest.json", write_archive_manifest(items_), 0);
    add_file("oci-layout", std::string{oci_layout}, 0);
    if (!repositories_.empty())
      add_file("repositories", write_repositories(repositories_), 0);
    std::vector<archive_entry> entries;
    entries.reserve(entries_.size());
    for (auto& [path, entry] : entries_)
      entries.push_back(std::move(entry));
    return entries;
  }

private:
  result<void> add(const saved_image& image) {
    auto config = parse_image_config(image.config_bytes);
    if (!config)
      return config.error();
    if (!config->os.empty() && config->os != "linux")
      return api_error{errc::system, "os \"" + config->os + "\" is not supported"};
    if (image.layers.empty())
      return api_error{errc::system, "empty export - not implemented"};
    if (!std::equal(image.layers.begin(), image.layers.end(), config->diff_ids.begin(),
                    config->diff_ids.end(),
                    [](const saved_layer& l, const digest& id) { return l.diff_id == id; }))
      return api_error{errc::system, "layers to be saved are not those of the image's config"};
    modified_ = file_time(*config);
    auto id = sha256_of(image.config_bytes);
    add_file(blob_path(id), image.config_bytes, modified_);
    add_layers(image);
    add_v1_configs(*config);

    auto manifest = add_manifest(image, id);
    archive_item item;
    item.config = blob_path(id);
    item.layers.emplace();
    for (const auto& layer : image.layers) {
      item.layers->push_back(blob_path(layer.diff_id));
      item.layer_sources.insert_or_assign(layer.diff_id.str(), describe(layer));
    }
    for (const auto& tag : image.tags)
      add_name(item, manifest, tag, image.layers.back().diff_id);
    if (image.tags.empty())
      index_.manifests.push_back(manifest);
    items_.push_back(std::move(item));
    ids_.push_back(std::move(id));
    return {};
  }

  static descriptor describe(const saved_layer& layer) {
    descriptor d;
    d.media_type = oci_layer_type;
    d.content = layer.diff_id;
    d.size = layer.size;
    return d;
  }

  void add_layers(const saved_image& image) {
    for (const auto& layer : image.layers) {
      archive_entry entry;
      entry.path = blob_path(layer.diff_id);
      entry.kind = archive_entry::content::layer;
      entry.modified = modified_;
      entry.size = layer.size;
      entry.layer = layer.diff_id;
      add_entry(std::move(entry));
    }
  }

  // NOTE: nothing refers to them any more; dockerd writes them still.
  void add_v1_configs(const image_config& config) {
    image_config base; // what all layers but the top one have
    base.created = instant{};
    image_config top{config};
    top.id.clear();
    top.parent.clear(); // that of the config is an image of today
    auto chain = chain_ids(config.diff_ids);
    digest parent;
    for (std::size_t i = 0; i < chain.size(); ++i) {
      image_config& v1 = i + 1 == chain.size() ? top : base;
      v1.id.clear();
      v1.parent.clear();
      v1.os = i + 1 == chain.size() ? config.os : "";
      auto id = v1_id(v1, chain[i], parent);
      v1.id = id.hex();
      v1.parent = parent.hex();
      v1.os = config.os;
      auto bytes = write_v1_config(v1);
      auto path = blob_path(sha256_of(bytes));
      add_file(std::move(path), std::move(bytes), modified_);
      parent = std::move(id);
    }
  }

  descriptor add_manifest(const saved_image& image, const digest& id) {
    image_manifest manifest;
    manifest.media_type = oci_manifest_type;
    manifest.config.media_type = oci_config_type;
    manifest.config.content = id;
    manifest.config.size = static_cast<std::int64_t>(image.config_bytes.size());
    for (const auto& layer : image.layers)
      manifest.layers.push_back(describe(layer));
    auto bytes = write_manifest(manifest);
    descriptor d;
    d.media_type = oci_manifest_type;
    d.content = sha256_of(bytes);
    d.size = static_cast<std::int64_t>(bytes.size());
    add_file(blob_path(d.content), std::move(bytes), 0);
    return d;
  }

  void add_name(archive_item& item, descriptor manifest, const reference& name,
                const digest& top_layer) {
    if (!item.repo_tags)
      item.repo_tags.emplace();
    item.repo_tags->push_back(name.familiar());
    repositories_[name.familiar_name()][name.tag] = top_layer.hex();
    manifest.annotations[std::string{full_name_annotation}] = name.str();
    manifest.annotations[std::string{ref_name_annotation}] = name.tag;
    index_.manifests.push_back(std::move(manifest));
  }

  // Parents are told only if they are in the archive.
  void set_parents() {
    std::set<digest> saved{ids_.begin(), ids_.end()};
    for (std::size_t i = 0; i < items_.size(); ++i)
      if (const auto& parent = images_[i].parent; parent != ids_[i] && saved.contains(parent))
        items_[i].parent = parent.str();
  }

  void add_folder(std::string path) {
    archive_entry entry;
    entry.path = std::move(path);
    entry.kind = archive_entry::content::folder;
    entry.mode = 0755;
    entry.modified = modified_;
    add_entry(std::move(entry));
  }

  void add_file(std::string path, std::string bytes, std::int64_t modified) {
    archive_entry entry;
    entry.path = std::move(path);
    entry.modified = modified;
    entry.size = static_cast<std::int64_t>(bytes.size());
    entry.bytes = std::move(bytes);
    add_entry(std::move(entry));
  }

  // The first of a path stays: a path is a digest, so the others have the same content.
  void add_entry(archive_entry entry) {
    auto path = entry.path;
    entries_.try_emplace(std::move(path), std::move(entry));
  }

  const std::vector<saved_image>& images_;
  std::map<std::string, archive_entry> entries_; // by path, which is dockerd's order
  std::vector<archive_item> items_;
  std::vector<digest> ids_; // of the images
  repositories repositories_;
  image_index index_{std::string{oci_index_type}, {}, {}, {}, {}};
  std::int64_t modified_ = 0; // of the files of the image in hand, in the end of the last one
};

} // namespace

result<std::vector<archive_entry>> plan_save(const std::vector<saved_image>& images) {
  return archive_writer{images}.run();
}

} // namespace gantry::oci
