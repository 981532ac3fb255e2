#include "protocol/oci/manifest.hpp"

#include "protocol/oci/json_reader.hpp"
#include "protocol/oci/json_writer.hpp"

#include <algorithm>

namespace gantry::oci {

namespace {

namespace json = boost::json;
using detail::decoder;
using detail::object_writer;

constexpr std::string_view amd64 = "amd64";

void read(decoder& d, const json::value& v, digest& out) {
  std::string text;
  d.read(v, text);
  if (text.empty() || d.failed())
    return;
  auto content = digest::parse(text);
  if (!content)
    return d.fail(invalid(content.error().message + ": \"" + text + '"'));
  out = std::move(*content);
}

void read(decoder& d, const json::value& v, std::optional<platform>& out) {
  out.reset();
  if (v.is_null())
    return;
  auto& p = out.emplace();
  d.object(v, "v1.Platform", [&](std::string_view name, const json::value& member) {
    if (name == "architecture")
      d.read(member, p.architecture);
    else if (name == "os")
      d.read(member, p.os);
    else if (name == "os.version")
      d.read(member, p.os_version);
    else if (name == "os.features")
      d.read(member, p.os_features);
    else if (name == "variant")
      d.read(member, p.variant);
  });
}

void read(decoder& d, const json::value& v, descriptor& out) {
  d.object(v, "v1.Descriptor", [&](std::string_view name, const json::value& member) {
    if (name == "mediatype")
      d.read(member, out.media_type);
    else if (name == "digest")
      read(d, member, out.content);
    else if (name == "size")
      d.read(member, out.size);
    else if (name == "urls")
      d.read(member, out.urls);
    else if (name == "annotations")
      d.read(member, out.annotations);
    else if (name == "data")
      d.read(member, out.data);
    else if (name == "platform")
      read(d, member, out.platform);
    else if (name == "artifacttype")
      d.read(member, out.artifact_type);
  });
  if (out.size < 0)
    d.fail(invalid("invalid descriptor: size " + std::to_string(out.size)));
}

void read(decoder& d, const json::value& v, std::optional<descriptor>& out) {
  out.reset();
  if (!v.is_null())
    read(d, v, out.emplace());
}

void read(decoder& d, const json::value& v, std::vector<descriptor>& out) {
  out.clear();
  d.array(v, "[]v1.Descriptor",
          [&](const json::value& element) { read(d, element, out.emplace_back()); });
}

// The members that manifest and index have both, and what else is there.
struct outline {
  std::int64_t schema_version = 0;
  bool has_image = false; // `config` or `layers`
  bool has_index = false; // `manifests`
};

template <class Document>
bool read_common(decoder& d, std::string_view name, const json::value& v, Document& out,
                 outline& seen) {
  if (name == "schemaversion")
    d.read(v, seen.schema_version);
  else if (name == "mediatype")
    d.read(v, out.media_type);
  else if (name == "artifacttype")
    d.read(v, out.artifact_type);
  else if (name == "subject")
    read(d, v, out.subject);
  else if (name == "annotations")
    d.read(v, out.annotations);
  else
    return false;
  return true;
}

void check_version(decoder& d, const outline& seen) {
  if (seen.schema_version != 2)
    d.fail(invalid("unsupported manifest schema version " + std::to_string(seen.schema_version)));
}

result<json::value> parse_bounded(std::string_view bytes) {
  if (bytes.size() > max_manifest_size)
    return invalid("invalid manifest: " + std::to_string(bytes.size()) + " bytes are too many");
  return detail::parse_json(bytes);
}

void append(std::string& out, const platform& p) {
  object_writer o{out};
  o.member("architecture", p.architecture);
  o.member("os", p.os);
  o.member_if_set("os.version", p.os_version);
  o.member_if_set("os.features", p.os_features);
  o.member_if_set("variant", p.variant);
}

void append(std::string& out, const descriptor& d) {
  object_writer o{out};
  o.member("mediaType", d.media_type);
  o.member("digest", d.content.str());
  o.member("size", d.size);
  o.member_if_set("urls", d.urls);
  o.member_if_set("annotations", d.annotations);
  o.member_if_set("data", d.data);
  if (d.platform)
    append(o.key("platform"), *d.platform);
  o.member_if_set("artifactType", d.artifact_type);
}

// NOTE: `LayerSources` has another order, and leaves out what is empty.
void append_layer_source(std::string& out, const descriptor& d) {
  object_writer o{out};
  o.member_if_set("mediaType", d.media_type);
  o.member_if_set("size", d.size);
  o.member_if_set("digest", d.content.str());
  o.member_if_set("urls", d.urls);
  o.member_if_set("annotations", d.annotations);
  if (d.platform)
    append(o.key("platform"), *d.platform);
}

template <class List, class AppendElement>
void append_array(std::string& out, const List& list, AppendElement append_element) {
  char separator = '[';
  for (const auto& element : list) {
    out += separator;
    separator = ',';
    append_element(out, element);
  }
  out += separator == '[' ? "[]" : "]";
}

void append_descriptors(std::string& out, const std::vector<descriptor>& list) {
  append_array(out, list, [](std::string& o, const descriptor& d) { append(o, d); });
}

template <class Document>
void append_tail(object_writer& o, const Document& document) {
  if (document.subject)
    append(o.key("subject"), *document.subject);
  o.member_if_set("annotations", document.annotations);
}

void append(std::string& out, const archive_item& item) {
  object_writer o{out};
  o.member("Config", item.config);
  o.member("RepoTags", item.repo_tags);
  o.member("Layers", item.layers);
  o.member_if_set("Parent", item.parent);
  if (item.layer_sources.empty())
    return;
  object_writer sources{o.key("LayerSources")};
  for (const auto& [diff_id, source] : item.layer_sources)
    append_layer_source(sources.key(diff_id), source);
}

} // namespace

media_type parse_media_type(std::string_view text) noexcept {
  using content = media_type::content;
  using packing = media_type::packing;
  struct row {
    std::string_view text;
    media_type type;
  };
  static constexpr row rows[] = {
      {oci_manifest_type, {content::manifest, packing::none, true, false}},
      {oci_index_type, {content::index, packing::none, true, false}},
      {oci_config_type, {content::config, packing::none, true, false}},
      {oci_layer_type, {content::layer, packing::none, true, false}},
      {"application/vnd.oci.image.layer.v1.tar+gzip", {content::layer, packing::gzip, true, false}},
      {"application/vnd.oci.image.layer.v1.tar+zstd", {content::layer, packing::zstd, true, false}},
      {"application/vnd.oci.image.layer.nondistributable.v1.tar",
       {content::layer, packing::none, false, false}},
      {"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
       {content::layer, packing::gzip, false, false}},
      {"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
       {content::layer, packing::zstd, false, false}},
      {docker_manifest_type, {content::manifest, packing::none, true, true}},
      {docker_index_type, {content::index, packing::none, true, true}},
      {"application/vnd.docker.container.image.v1+json",
       {content::config, packing::none, true, true}},
      {"application/vnd.docker.image.rootfs.diff.tar", {content::layer, packing::none, true, true}},
      {"application/vnd.docker.image.rootfs.diff.tar.gzip",
       {content::layer, packing::gzip, true, true}},
      {"application/vnd.docker.image.rootfs.diff.tar.zstd",
       {content::layer, packing::zstd, true, true}},
      {"application/vnd.docker.image.rootfs.foreign.diff.tar",
       {content::layer, packing::none, false, true}},
      {"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
       {content::layer, packing::gzip, false, true}},
  };
  text = text.substr(0, text.find(';'));
  while (text.ends_with(' '))
    text.remove_suffix(1);
  const auto* found =
      std::find_if(std::begin(rows), std::end(rows), [&](const row& r) { return r.text == text; });
  return found == std::end(rows) ? media_type{} : found->type;
}

std::string to_string(const platform& p) {
  std::string text;
  for (const auto* part : {&p.os, &p.architecture, &p.variant})
    if (!part->empty())
      text.append(text.empty() ? "" : "/").append(*part);
  return text;
}

int fitness(const platform& image, const platform& wanted) {
  if (image.os != wanted.os || image.architecture != wanted.architecture)
    return 0;
  auto variant = [](const platform& p) -> std::string_view {
    if (p.architecture == amd64 && p.variant == "v1")
      return {};
    if (p.architecture == "arm64" && p.variant == "v8")
      return {};
    return p.variant;
  };
  if (variant(image) == variant(wanted))
    return 3;
  return variant(image).empty() || variant(wanted).empty() ? 2 : 1;
}

result<image_manifest> parse_manifest(std::string_view bytes) {
  auto value = parse_bounded(bytes);
  if (!value)
    return value.error();
  image_manifest manifest;
  outline seen;
  decoder d{"Manifest"};
  d.object(*value, "v1.Manifest", [&](std::string_view name, const json::value& member) {
    if (name == "config")
      read(d, member, manifest.config);
    else if (name == "layers")
      read(d, member, manifest.layers);
    else if (name == "manifests")
      seen.has_index = true;
    else
      read_common(d, name, member, manifest, seen);
  });
  check_version(d, seen);
  if (seen.has_index)
    d.fail(invalid("invalid manifest: it is an index too"));
  if (d.failed())
    return d.error();
  return manifest;
}

result<image_index> parse_index(std::string_view bytes) {
  auto value = parse_bounded(bytes);
  if (!value)
    return value.error();
  image_index index;
  outline seen;
  decoder d{"Index"};
  d.object(*value, "v1.Index", [&](std::string_view name, const json::value& member) {
    if (name == "manifests")
      read(d, member, index.manifests);
    else if (name == "config" || name == "layers")
      seen.has_image = true;
    else
      read_common(d, name, member, index, seen);
  });
  check_version(d, seen);
  if (seen.has_image)
    d.fail(invalid("invalid index: it is a manifest too"));
  if (d.failed())
    return d.error();
  return index;
}

std::string write_manifest(const image_manifest& manifest) {
  std::string out;
  {
    object_writer o{out};
    o.member("schemaVersion", std::int64_t{2});
    o.member_if_set("mediaType", manifest.media_type);
    o.member_if_set("artifactType", manifest.artifact_type);
    append(o.key("config"), manifest.config);
    append_descriptors(o.key("layers"), manifest.layers);
    append_tail(o, manifest);
  }
  return out;
}

std::string write_index(const image_index& index) {
  std::string out;
  {
    object_writer o{out};
    o.member("schemaVersion", std::int64_t{2});
    o.member_if_set("mediaType", index.media_type);
    o.member_if_set("artifactType", index.artifact_type);
    append_descriptors(o.key("manifests"), index.manifests);
    append_tail(o, index);
  }
  return out;
}

result<std::vector<archive_item>> parse_archive_manifest(std::string_view bytes) {
  auto value = detail::parse_json(bytes, true);
  if (!value)
    return value.error();
  if (value->is_null())
    return invalid("invalid manifest, manifest cannot be null (but can be [])");
  std::vector<archive_item> items;
  decoder outer{"[]tarexport.manifestItem"};
  outer.array(*value, "", [&](const json::value& element) {
    auto& item = items.emplace_back();
    decoder d{"manifestItem"};
    d.object(element, "manifestItem", [&](std::string_view name, const json::value& member) {
      if (name == "config")
        d.read(member, item.config);
      else if (name == "repotags")
        d.read(member, item.repo_tags);
      else if (name == "layers")
        d.read(member, item.layers);
      else if (name == "parent")
        d.read(member, item.parent);
      else if (name == "layersources")
        d.object(member, "map[layer.DiffID]distribution.Descriptor",
                 [&](std::string_view, const json::value& source) {
                   descriptor read_source;
                   read(d, source, read_source);
                   auto diff_id = d.member_name();
                   item.layer_sources.insert_or_assign(std::move(diff_id), read_source);
                 });
    });
    if (d.failed())
      outer.fail(d.error());
  });
  if (outer.failed())
    return outer.error();
  return items;
}

std::string write_archive_manifest(const std::vector<archive_item>& items) {
  std::string out;
  append_array(out, items, [](std::string& o, const archive_item& item) { append(o, item); });
  return out + '\n';
}

result<repositories> parse_repositories(std::string_view bytes) {
  auto value = detail::parse_json(bytes, true);
  if (!value)
    return value.error();
  repositories names;
  decoder d{"map[string]map[string]string"};
  d.object(*value, "map[string]map[string]string", [&](std::string_view, const json::value& tags) {
    d.read(tags, names[d.member_name()]);
  });
  if (d.failed())
    return d.error();
  return names;
}

std::string write_repositories(const repositories& names) {
  std::string out;
  {
    object_writer o{out};
    for (const auto& [name, tags] : names)
      o.member(name, tags);
  }
  return out + '\n';
}

result<void> check_oci_layout(std::string_view bytes) {
  auto value = detail::parse_json(bytes, true);
  if (!value)
    return value.error();
  std::string version;
  decoder d{"ImageLayout"};
  d.object(*value, "v1.ImageLayout", [&](std::string_view name, const json::value& member) {
    if (name == "imagelayoutversion")
      d.read(member, version);
  });
  if (d.failed())
    return d.error();
  if (!version.starts_with("1."))
    return invalid("unsupported OCI image layout version \"" + version + '"');
  return {};
}

} // namespace gantry::oci
