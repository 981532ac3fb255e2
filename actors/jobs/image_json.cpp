#include "actors/jobs/image_json.hpp"

#include "actors/jobs/info.hpp"
#include "actors/store/layer_files.hpp"
#include "protocol/api/json.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <utility>

namespace gantry::jobs {

namespace json = boost::json;

namespace {

json::array texts(const std::vector<std::string>& list) {
  json::array all;
  all.reserve(list.size());
  for (const auto& text : list)
    all.emplace_back(text);
  return all;
}

json::value labels_of(const store::image& image) {
  const auto* labels = image.labels();
  if (labels == nullptr)
    return nullptr;
  json::object all;
  all.reserve(labels->size());
  for (const auto& [key, text] : *labels)
    all.emplace(key, text);
  return all;
}

/// Seconds since 1970; 0 if it is not known.
std::int64_t unix_time(const std::optional<oci::instant>& t) { return t ? t->seconds : 0; }

/// All members, in Docker's order.
json::value run_config(const oci::run_config& config) {
  auto value = api::parse_json(oci::write_run_config(config));
  return value ? std::move(*value) : json::value{};
}

/// That of the last step, as far as the image itself has none.
const std::string& comment_of(const oci::image_config& config) {
  return config.comment.empty() && !config.history.empty() ? config.history.back().comment
                                                           : config.comment;
}

std::string_view or_else(const std::string& text, std::string_view fallback) {
  return text.empty() ? fallback : std::string_view{text};
}

json::object root_of(const store::image& image) {
  json::object root{{"Type", image.config().rootfs_type}};
  json::array layers;
  for (const auto& layer : image.facts->row.layers)
    layers.emplace_back(layer.str());
  if (!layers.empty())
    root.emplace("Layers", std::move(layers));
  return root;
}

json::array tags_of(const store::image& image) {
  json::array tags;
  for (const auto& name : image.references)
    if (!name.tag.empty())
      tags.emplace_back(name.familiar());
  return tags;
}

json::array digests_of(const store::image& image) {
  json::array digests;
  for (const auto& name : image.references)
    if (name.tag.empty())
      digests.emplace_back(name.familiar());
  return digests;
}

/// The directories of an image's layers as overlay2 of Docker names them: the top one as if it were
/// mounted, and those below it, uppermost first. Null for a driver that mounts nothing.
json::value directories_of(const std::vector<std::shared_ptr<const store::layer_info>>& layers,
                           const store::paths& where) {
  if (layers.empty() || layers.back()->driver != to_string(store::layer_driver::overlay))
    return nullptr;
  const auto place = [&where](const store::layer_info& layer) {
    return where.layer(layer.driver, layer.diff_id.hex());
  };
  std::string lower;
  for (std::size_t i = layers.size() - 1; i-- > 0;)
    lower += (lower.empty() ? "" : ":") + store::paths::diff_of(place(*layers[i])).string();
  const auto top = place(*layers.back());
  json::object data;
  if (!lower.empty())
    data.emplace("LowerDir", lower);
  data.emplace("MergedDir", (top / "merged").string());
  data.emplace("UpperDir", store::paths::diff_of(top).string());
  data.emplace("WorkDir", (top / "work").string());
  return data;
}

} // namespace

json::object image_summary(const store::listed_image& listed, const summary_counts& counts) {
  const auto& image = *listed.what;
  std::int64_t shared = counts.shared_size ? static_cast<std::int64_t>(image.size - image.own_size)
                                           : std::int64_t{-1};
  json::object row;
  row.reserve(9);
  row.emplace("Containers", counts.containers);
  row.emplace("Created", unix_time(image.config().created));
  row.emplace("Id", image.id().str());
  row.emplace("Labels", labels_of(image));
  row.emplace("ParentId", image.facts->row.parent.str());
  row.emplace("RepoDigests", texts(listed.digests));
  row.emplace("RepoTags", texts(listed.tags));
  row.emplace("SharedSize", shared);
  row.emplace("Size", image.size);
  return row;
}

json::object image_details(const store::image& image, const oci::platform& host,
                           std::string_view driver, const store::paths& where) {
  const auto& config = image.config();
  const auto& row = image.facts->row;
  json::object all;
  all.reserve(22);
  all.emplace("Id", image.id().str());
  all.emplace("RepoTags", tags_of(image));
  all.emplace("RepoDigests", digests_of(image));
  all.emplace("Parent", row.parent.str());
  all.emplace("Comment", comment_of(config));
  if (config.created)
    all.emplace("Created", to_string(*config.created));
  all.emplace("Container", config.container);
  all.emplace("ContainerConfig", run_config(config.container_config));
  all.emplace("DockerVersion", config.docker_version);
  all.emplace("Author", config.author);
  all.emplace("Config", config.config ? run_config(*config.config) : json::value{});
  all.emplace("Architecture", or_else(config.architecture, host.architecture));
  if (!config.variant.empty())
    all.emplace("Variant", config.variant);
  all.emplace("Os", or_else(config.os, host.os));
  if (!config.os_version.empty())
    all.emplace("OsVersion", config.os_version);
  all.emplace("Size", image.size);
  const auto& layers = image.facts->layers;
  all.emplace("GraphDriver",
              json::object{{"Data", directories_of(layers, where)},
                           {"Name", layers.empty() ? driver : layers.back()->driver}});
  all.emplace("RootFS", root_of(image));
  all.emplace("Metadata", json::object{{"LastTagTime", row.tagged ? rfc3339(*row.tagged)
                                                                  : to_string(oci::zero_instant)}});
  return all;
}

result<json::array> image_history(const store::image_catalog& catalog, const store::image& image) {
  const auto& steps = image.config().history;
  const auto& layers = image.facts->layers;
  std::vector<std::uint64_t> sizes;
  sizes.reserve(steps.size());
  std::size_t used = 0;
  for (const auto& step : steps) {
    if (!step.empty_layer && used == layers.size())
      return api_error{errc::system, "too many non-empty layers in History section"};
    sizes.push_back(step.empty_layer ? 0 : layers[used++]->size);
  }
  json::array rows;
  rows.reserve(steps.size());
  const store::image* known = &image; // the image as of this step
  for (std::size_t i = steps.size(); i-- > 0;) {
    json::array tags = known ? tags_of(*known) : json::array{};
    json::object row;
    row.reserve(6);
    row.emplace("Comment", steps[i].comment);
    row.emplace("Created", unix_time(steps[i].created));
    row.emplace("CreatedBy", steps[i].created_by);
    row.emplace("Id", known ? std::string_view{known->id().str()} : "<missing>");
    row.emplace("Size", sizes[i]);
    row.emplace("Tags", tags.empty() ? json::value{} : json::value(std::move(tags)));
    rows.push_back(std::move(row));
    const auto* parent = known ? &known->facts->row.parent : nullptr;
    known = parent && !parent->empty() ? catalog.find(*parent) : nullptr;
  }
  return rows;
}

json::array removal_items(const std::vector<store::removal_record>& records) {
  json::array items;
  items.reserve(records.size());
  for (const auto& record : records) {
    bool untagged = record.what == store::removal_record::kind::untagged;
    items.push_back(json::object{{untagged ? "Untagged" : "Deleted", record.name}});
  }
  return items;
}

} // namespace gantry::jobs
