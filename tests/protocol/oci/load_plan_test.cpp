#include "protocol/oci/load_plan.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace gantry;
using namespace gantry::oci;

namespace {

digest layer_id(char c) { return *digest::from_hex(std::string(64, c)); }

std::string config_of(std::string_view layers, const std::string& extra = {}) {
  std::string ids;
  for (char c : layers)
    ids += (ids.empty() ? "\"" : ",\"") + layer_id(c).str() + '"';
  return R"({"architecture":"amd64","os":"linux",)" + extra +
         R"("rootfs":{"type":"layers","diff_ids":[)" + ids + "]}}";
}

std::string blob(const std::string& bytes) {
  return "blobs/sha256/" + std::string{sha256_of(bytes).hex()};
}

void add_layer(archive_view& view, const std::string& path, char c) {
  view.layers[path] = archive_layer{layer_id(c), 10, layer_id(c), 10};
}

// Names of all tags, images apart.
std::vector<std::vector<std::string>> tags_of(const load_plan& plan) {
  std::vector<std::vector<std::string>> all;
  for (const auto& image : plan.images) {
    auto& tags = all.emplace_back();
    for (const auto& tag : image.tags)
      tags.push_back(tag.familiar());
  }
  return all;
}

std::string plan_error(const archive_view& view, const load_options& options = {}) {
  auto plan = plan_load(view, options);
  return plan ? "planned" : plan.error().message;
}

// One image of two layers in the form that 20.10 writes.
archive_view docker_archive() {
  archive_view view;
  view.documents["manifest.json"] =
      R"([{"Config":"c.json","RepoTags":["a:1","me/b:2"],"Layers":["x/layer.tar","y/layer.tar"]}])";
  view.documents["c.json"] = config_of("ab");
  add_layer(view, "x/layer.tar", 'a');
  add_layer(view, "y/layer.tar", 'b');
  return view;
}

std::string descriptor_of(const std::string& type, const std::string& bytes,
                          const std::string& extra = {}) {
  return R"({"mediaType":")" + type + R"(","digest":")" + sha256_of(bytes).str() + R"(","size":)" +
         std::to_string(bytes.size()) + extra + '}';
}

std::string named(const std::string& full, const std::string& tag) {
  return R"(,"annotations":{"io.containerd.image.name":")" + full +
         R"(","org.opencontainers.image.ref.name":")" + tag + R"("})";
}

std::string on(const std::string& os, const std::string& architecture) {
  return R"(,"platform":{"os":")" + os + R"(","architecture":")" + architecture + R"("})";
}

std::string ref_name(const std::string& name) {
  return R"(,"annotations":{"org.opencontainers.image.ref.name":")" + name + R"("})";
}

// Puts an image with one layer into an OCI layout; gives its manifest.
std::string add_image(archive_view& view, char layer, const std::string& extra = {}) {
  auto config = config_of(std::string(1, layer), extra);
  auto manifest =
      R"({"schemaVersion":2,"config":)" + descriptor_of(std::string{oci_config_type}, config) +
      R"(,"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":")" +
      layer_id('f').str() + R"(","size":1}]})";
  view.documents[blob(config)] = config;
  view.documents[blob(manifest)] = manifest;
  view.layers["blobs/sha256/" + std::string(64, 'f')] =
      archive_layer{layer_id(layer), 10, layer_id('f'), 1};
  return manifest;
}

void set_index(archive_view& view, const std::string& manifests) {
  view.documents["oci-layout"] = std::string{oci_layout};
  view.documents["index.json"] = R"({"schemaVersion":2,"manifests":[)" + manifests + "]}";
}

const std::string manifest_type{oci_manifest_type};
const std::string index_type{oci_index_type};

} // namespace

TEST_CASE("load_plan: a docker-archive", "[protocol][oci]") {
  auto view = docker_archive();
  auto plan = plan_load(view);
  REQUIRE(plan.has_value());
  CHECK(plan->kind == archive_kind::docker);
  REQUIRE(plan->images.size() == 1);
  const auto& image = plan->images[0];
  CHECK(image.config_bytes == config_of("ab"));
  CHECK(image.id == sha256_of(config_of("ab")));
  CHECK(image.config.architecture == "amd64");
  CHECK(image.layers ==
        std::vector<planned_layer>{{"x/layer.tar", layer_id('a')}, {"y/layer.tar", layer_id('b')}});
  CHECK(tags_of(*plan) == std::vector<std::vector<std::string>>{{"a:1", "me/b:2"}});
  CHECK(image.parent.empty());
  CHECK_FALSE(plan->announce_ids);
}

TEST_CASE("load_plan: a layer may be a link to another one's", "[protocol][oci]") {
  auto view = docker_archive();
  view.layers.erase("y/layer.tar");
  view.links["y/layer.tar"] = "../z/layer.tar";
  add_layer(view, "z/layer.tar", 'b');
  CHECK(plan_load(view)->images.at(0).layers.at(1).path == "z/layer.tar");
}

TEST_CASE("load_plan: layers that the store has need not be there", "[protocol][oci]") {
  auto view = docker_archive();
  view.layers.erase("x/layer.tar");
  CHECK(plan_error(view) == "open x/layer.tar: no such file or directory");
  load_options options;
  options.has_layer = [](const digest& id) { return id == layer_id('a'); };
  auto plan = plan_load(view, options);
  REQUIRE(plan.has_value());
  CHECK(plan->images[0].layers[0] == planned_layer{"", layer_id('a')});
}

TEST_CASE("load_plan: an image without layers", "[protocol][oci]") {
  archive_view view;
  view.documents["manifest.json"] = R"([{"Config":"c","RepoTags":null,"Layers":null}])";
  view.documents["c"] = config_of("");
  auto plan = plan_load(view);
  REQUIRE(plan.has_value());
  CHECK(plan->images.at(0).layers.empty());
  CHECK(plan->announce_ids);
}

TEST_CASE("load_plan: no images at all", "[protocol][oci]") {
  archive_view view;
  view.documents["manifest.json"] = "[]";
  CHECK(plan_load(view)->images.empty());
}

TEST_CASE("load_plan: the same image twice is one with all names", "[protocol][oci]") {
  auto view = docker_archive();
  view.documents["manifest.json"] =
      R"([{"Config":"c.json","RepoTags":["a:1"],"Layers":["x/layer.tar","y/layer.tar"]},)"
      R"({"Config":"./c.json","RepoTags":["a:2","a:1"],"Layers":["x/layer.tar","y/layer.tar"]}])";
  CHECK(tags_of(*plan_load(view)) == std::vector<std::vector<std::string>>{{"a:1", "a:2"}});
}

TEST_CASE("load_plan: names that dockerd passes over", "[protocol][oci]") {
  auto view = docker_archive();
  view.documents["manifest.json"] = R"([{"Config":"c.json","RepoTags":["sha256:1","a:1@sha256:)" +
                                    std::string(64, 'a') +
                                    R"("],"Layers":["x/layer.tar","y/layer.tar"]}])";
  auto plan = plan_load(view);
  REQUIRE(plan.has_value());
  CHECK(plan->images[0].tags.empty());
  CHECK_FALSE(plan->announce_ids);
}

TEST_CASE("load_plan: what is wrong with a docker-archive", "[protocol][oci]") {
  auto with = [](const std::string& manifest, const std::string& config = config_of("ab")) {
    auto view = docker_archive();
    view.documents["manifest.json"] = manifest;
    view.documents["c.json"] = config;
    return plan_error(view);
  };
  auto item = [](const std::string& tags,
                 const std::string& layers = R"("x/layer.tar","y/layer.tar")") {
    return R"([{"Config":"c.json","RepoTags":[)" + tags + R"(],"Layers":[)" + layers + "]}]";
  };
  CHECK(with("null") == "invalid manifest, manifest cannot be null (but can be [])");
  CHECK(with("[{}]") == "open : no such file or directory");
  CHECK(with(R"([{"Config":"../../etc/passwd"}])") == "open etc/passwd: no such file or directory");
  CHECK(with(item("", R"("x/layer.tar")")) ==
        "invalid manifest, layers length mismatch: expected 1, got 2");
  CHECK(with(item(""), config_of("abc")) ==
        "invalid manifest, layers length mismatch: expected 2, got 3");
  CHECK(with(item(""), config_of("ac")) == "invalid diffID for layer 1: expected \"" +
                                               layer_id('c').str() + "\", got \"" +
                                               layer_id('b').str() + "\"");
  CHECK(with(item("", R"("x/layer.tar","c.json")")) == "archive/tar: invalid tar header");
  CHECK(with(item(""), "{}") == "invalid image JSON, no RootFS key");
  CHECK(with(item(""), config_of("ab", R"("OS":"windows",)")) ==
        "cannot load windows image on linux");
  CHECK(with(item(R"("a")")) == "invalid tag \"a\"");
  CHECK(with(item(R"("A:1")")) ==
        "invalid reference format: repository name (library/A) must be lowercase");
  CHECK(with(item(""), config_of("ab", R"("history":[{},{},{"empty_layer":true},{}],)")) ==
        "too many non-empty layers in History section");
  auto view = docker_archive();
  view.layers.erase("x/layer.tar");
  view.others.insert("x/layer.tar");
  CHECK(plan_error(view) == "archive/tar: invalid tar header");
  view.links["manifest.json"] = "manifest.json";
  CHECK(plan_error(view) == "open repositories: no such file or directory");
}

TEST_CASE("load_plan: too many layers", "[protocol][oci]") {
  archive_view view;
  for (std::size_t count : {max_layers, max_layers + 1}) {
    std::string paths;
    for (std::size_t i = 0; i < count; ++i)
      paths += paths.empty() ? "\"l\"" : ",\"l\"";
    add_layer(view, "l", 'a');
    view.documents["manifest.json"] = R"([{"Config":"c","Layers":[)" + paths + "]}]";
    view.documents["c"] = config_of(std::string(count, 'a'));
    CHECK(plan_error(view) == (count > max_layers ? "max depth exceeded" : "planned"));
  }
}

TEST_CASE("load_plan: images for another platform are passed over if one is named",
          "[protocol][oci]") {
  auto view = docker_archive();
  load_options options;
  options.only_wanted = true;
  CHECK(plan_load(view, options)->images.size() == 1);
  options.wanted.architecture = "arm64";
  CHECK(plan_load(view, options)->images.empty());
  options.only_wanted = false;
  CHECK(plan_load(view, options)->images.size() == 1);
}

TEST_CASE("load_plan: parents that are in the archive", "[protocol][oci]") {
  auto child = config_of("ab", R"("history":[{"created_by":"1"},{"created_by":"2"}],)");
  auto parent = config_of("a", R"("history":[{"created_by":"1"}],)");
  auto other = config_of("a", R"("history":[{"created_by":"x"}],)");
  auto view = docker_archive();
  view.documents["child"] = child;
  view.documents["parent"] = parent;
  view.documents["other"] = other;
  auto manifest = [](const std::string& parent_config, const digest& parent_id) {
    return R"([{"Config":"child","RepoTags":["a:1"],"Layers":["x/layer.tar","y/layer.tar"],"Parent":")" +
           parent_id.str() + R"("},{"Config":")" + parent_config +
           R"(","Layers":["x/layer.tar"]}])";
  };
  view.documents["manifest.json"] = manifest("parent", sha256_of(parent));
  auto plan = plan_load(view);
  REQUIRE(plan.has_value());
  REQUIRE(plan->images.size() == 2);
  CHECK(plan->images[0].id == sha256_of(parent));
  CHECK(plan->images[1].id == sha256_of(child));
  CHECK(plan->images[1].parent == sha256_of(parent));
  CHECK(plan->announce_ids);

  view.documents["manifest.json"] = manifest("other", sha256_of(other));
  CHECK(plan_error(view) ==
        "image " + sha256_of(other).str() + " is not a valid parent for " + sha256_of(child).str());
  view.documents["manifest.json"] = manifest("parent", layer_id('e'));
  CHECK(plan_load(view)->images.at(0).parent.empty());
}

TEST_CASE("load_plan: nobody is among the own parents", "[protocol][oci]") {
  auto one = config_of("a");
  auto two = config_of("a", R"("author":"x",)");
  auto view = docker_archive();
  view.documents["one"] = one;
  view.documents["two"] = two;
  view.documents["manifest.json"] =
      R"([{"Config":"one","Layers":["x/layer.tar"],"Parent":")" + sha256_of(two).str() +
      R"("},{"Config":"two","Layers":["x/layer.tar"],"Parent":")" + sha256_of(one).str() + R"("}])";
  CHECK(plan_error(view) ==
        "invalid manifest, image " + sha256_of(one).str() + " is among its own parents");
}

TEST_CASE("load_plan: an OCI layout", "[protocol][oci]") {
  archive_view view;
  auto manifest = add_image(view, 'a');
  set_index(view, descriptor_of(manifest_type, manifest, named("docker.io/library/a:1", "1")) +
                      ',' + descriptor_of(manifest_type, manifest, ref_name("reg.io/b:2")) + ',' +
                      descriptor_of(manifest_type, manifest, ref_name("latest")));
  auto plan = plan_load(view);
  REQUIRE(plan.has_value());
  CHECK(plan->kind == archive_kind::oci);
  CHECK(tags_of(*plan) ==
        std::vector<std::vector<std::string>>{{"a:1", "reg.io/b:2", "latest:latest"}});
  CHECK(plan->images[0].id == sha256_of(config_of("a")));
  CHECK(plan->images[0].layers ==
        std::vector<planned_layer>{{"blobs/sha256/" + std::string(64, 'f'), layer_id('a')}});
  CHECK_FALSE(plan->announce_ids);
}

TEST_CASE("load_plan: manifest.json goes before an OCI layout", "[protocol][oci]") {
  auto view = docker_archive();
  set_index(view, "broken");
  CHECK(plan_load(view)->kind == archive_kind::docker);
}

TEST_CASE("load_plan: an OCI layout without names", "[protocol][oci]") {
  archive_view view;
  set_index(view, descriptor_of(manifest_type, add_image(view, 'a')));
  auto plan = plan_load(view);
  REQUIRE(plan.has_value());
  CHECK(plan->images.at(0).tags.empty());
  CHECK(plan->announce_ids);
  set_index(view, "");
  CHECK(plan_load(view)->images.empty());
}

TEST_CASE("load_plan: the platform is chosen in nested indexes", "[protocol][oci]") {
  archive_view view;
  auto arm = add_image(view, 'a', R"("x":1,)");
  auto amd = add_image(view, 'a');
  auto inner = R"({"schemaVersion":2,"manifests":[)" +
               descriptor_of(manifest_type, "attestation", on("unknown", "unknown")) + ',' +
               descriptor_of(manifest_type, arm, on("linux", "arm64")) + ',' +
               descriptor_of(manifest_type, "not in the archive", on("linux", "amd64")) + ',' +
               descriptor_of(manifest_type, amd, on("linux", "amd64")) + "]}";
  view.documents[blob(inner)] = inner;
  set_index(view, descriptor_of(index_type, inner, named("docker.io/library/a:1", "1")));
  auto plan = plan_load(view);
  REQUIRE(plan.has_value());
  REQUIRE(plan->images.size() == 1);
  CHECK(plan->images[0].id == sha256_of(config_of("a")));
  load_options options;
  options.wanted.architecture = "arm64";
  CHECK(plan_load(view, options)->images.at(0).id == sha256_of(config_of("a", R"("x":1,)")));
  options.wanted.architecture = "riscv64";
  CHECK(plan_error(view, options) == "no matching manifest for linux/riscv64 in the archive");
}

TEST_CASE("load_plan: the platform is chosen among entries of one name", "[protocol][oci]") {
  archive_view view;
  auto arm = add_image(view, 'a', R"("x":1,)");
  auto amd = add_image(view, 'a');
  set_index(view, descriptor_of(manifest_type, arm, on("linux", "arm64") + ref_name("a:1")) + ',' +
                      descriptor_of(manifest_type, amd, on("linux", "amd64") + ref_name("a:1")));
  auto plan = plan_load(view);
  REQUIRE(plan.has_value());
  REQUIRE(plan->images.size() == 1);
  CHECK(plan->images[0].id == sha256_of(config_of("a")));
}

TEST_CASE("load_plan: what is wrong with an OCI layout", "[protocol][oci]") {
  archive_view view;
  auto manifest = add_image(view, 'a');
  set_index(view, descriptor_of(manifest_type, manifest));
  REQUIRE(plan_error(view) == "planned");

  auto changed = view;
  changed.documents["oci-layout"] = R"({"imageLayoutVersion":"9"})";
  CHECK(plan_error(changed) == "unsupported OCI image layout version \"9\"");

  changed = view;
  changed.documents[blob(manifest)] += ' ';
  CHECK(plan_error(changed) == "invalid digest of " + blob(manifest) + ": expected \"" +
                                   sha256_of(manifest).str() + "\", got \"" +
                                   sha256_of(manifest + ' ').str() + "\"");
  changed = view;
  changed.documents.erase(blob(config_of("a")));
  CHECK(plan_error(changed) == "open " + blob(config_of("a")) + ": no such file or directory");

  changed = view;
  changed.layers.begin()->second.content = layer_id('e');
  CHECK(plan_error(changed) == "invalid digest of layer 0: expected \"" + layer_id('f').str() +
                                   "\", got \"" + layer_id('e').str() + "\"");
  changed = view;
  changed.layers.begin()->second.diff_id = layer_id('e');
  CHECK(plan_error(changed) == "invalid diffID for layer 0: expected \"" + layer_id('a').str() +
                                   "\", got \"" + layer_id('e').str() + "\"");
  changed = view;
  set_index(changed, R"({"mediaType":"x"})");
  CHECK(plan_error(changed) == "invalid descriptor: no digest");

  auto chart = R"({"schemaVersion":2,"config":)" +
               descriptor_of("application/vnd.cncf.helm.config.v1+json", "{}") + "}";
  changed.documents[blob(chart)] = chart;
  set_index(changed, descriptor_of(manifest_type, chart));
  CHECK(plan_error(changed) ==
        "unsupported config media type \"application/vnd.cncf.helm.config.v1+json\"");

  std::string nested = manifest;
  for (int i = 0; i < 10; ++i) {
    nested = R"({"schemaVersion":2,"manifests":[)" +
             descriptor_of(i == 0 ? manifest_type : index_type, nested) + "]}";
    changed.documents[blob(nested)] = nested;
  }
  set_index(changed, descriptor_of(index_type, nested));
  CHECK(plan_error(changed) == "invalid index: nested too deeply");
}

TEST_CASE("load_plan: an archive of version 1", "[protocol][oci]") {
  archive_view view;
  view.folders = {"b1", "b2"};
  view.documents["b1/json"] =
      R"({"id":"b1","parent":"b2","docker_version":"1.9.1","os":"linux","container_config":{"Cmd":["two"]}})";
  view.documents["b2/json"] =
      R"({"id":"b2","docker_version":"1.9.1","container_config":{"Cmd":["one"]}})";
  add_layer(view, "b1/layer.tar", 'a');
  add_layer(view, "b2/layer.tar", 'b');
  view.documents["repositories"] = R"({"me":{"2":"b1","1":"b1"},"base":{"latest":"b2"}})";
  auto plan = plan_load(view);
  REQUIRE(plan.has_value());
  CHECK(plan->kind == archive_kind::legacy);
  REQUIRE(plan->images.size() == 2);
  const auto& base = plan->images[0];
  const auto& top = plan->images[1];
  CHECK(base.layers == std::vector<planned_layer>{{"b2/layer.tar", layer_id('b')}});
  CHECK(top.layers == std::vector<planned_layer>{{"b2/layer.tar", layer_id('b')},
                                                 {"b1/layer.tar", layer_id('a')}});
  CHECK(top.parent == base.id);
  CHECK(top.config.history.size() == 2);
  CHECK(top.config.history[1].created_by == "two");
  CHECK(top.id == sha256_of(top.config_bytes));
  CHECK(top.config_bytes ==
        R"({"container_config":{"Cmd":["two"]},"docker_version":"1.9.1","history":[)"
        R"({"created_by":"one"},{"created_by":"two"}],"os":"linux","rootfs":{"type":"layers",)"
        R"("diff_ids":[")" +
            layer_id('b').str() + R"(",")" + layer_id('a').str() + R"("]}})");
  CHECK(tags_of(*plan) == std::vector<std::vector<std::string>>{{"base:latest"}, {"me:1", "me:2"}});
}

TEST_CASE("load_plan: what is wrong with an archive of version 1", "[protocol][oci]") {
  archive_view view;
  view.folders = {"b1"};
  view.documents["b1/json"] = R"({"id":"b1"})";
  view.documents["repositories"] = "{}";
  CHECK(plan_error(view) == "open b1/layer.tar: no such file or directory");
  add_layer(view, "b1/layer.tar", 'a');
  REQUIRE(plan_error(view) == "planned");

  auto changed = view;
  changed.documents["repositories"] = R"({"a":{"1":"none"}})";
  CHECK(plan_error(changed) == "invalid target ID: none");
  changed.documents["repositories"] = R"({"a":{"-":"b1"}})";
  CHECK(plan_error(changed) == "invalid tag format");
  changed.documents["repositories"] = R"({"A":{"1":"b1"}})";
  CHECK(plan_error(changed) ==
        "invalid reference format: repository name (library/A) must be lowercase");
  changed = view;
  changed.documents["b1/json"] = R"({"os":"windows"})";
  CHECK(plan_error(changed) == "cannot load windows image on linux");
  changed.documents["b1/json"] = R"({"parent":"b1"})";
  CHECK(plan_error(changed) == "max depth exceeded");
  changed.documents["b1/json"] = R"({"parent":"../../x"})";
  CHECK(plan_error(changed) == "open x/json: no such file or directory");
  // What `docker export` wrote is no archive of images.
  changed = view;
  changed.folders.insert("bin");
  changed.folders.erase("b1");
  CHECK(plan_error(changed) == "open bin/json: no such file or directory");
  CHECK(plan_error({}) == "open repositories: no such file or directory");
}
