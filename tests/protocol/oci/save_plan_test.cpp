#include "protocol/oci/save_plan.hpp"

#include "protocol/oci/load_plan.hpp"
#include "protocol/oci/manifest.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace gantry;
using namespace gantry::oci;

namespace {

using content = archive_entry::content;

digest layer_id(char c) { return *digest::from_hex(std::string(64, c)); }

saved_image image_of(std::string_view layers, const std::string& extra = {},
                     std::vector<std::string> names = {}) {
  saved_image image;
  std::string ids;
  for (char c : layers) {
    ids += (ids.empty() ? "\"" : ",\"") + layer_id(c).str() + '"';
    image.layers.push_back({layer_id(c), 1000 + c});
  }
  image.config_bytes = R"({"architecture":"amd64","os":"linux",)" + extra +
                       R"("rootfs":{"type":"layers","diff_ids":[)" + ids + "]}}";
  for (const auto& name : names)
    image.tags.push_back(*parse_reference(name));
  return image;
}

const std::string created = R"("created":"2014-08-20T10:00:00.5Z",)";
constexpr std::int64_t created_seconds = 1408528800;

const archive_entry* find(const std::vector<archive_entry>& entries, const std::string& path) {
  auto found = std::find_if(entries.begin(), entries.end(),
                            [&](const auto& entry) { return entry.path == path; });
  return found == entries.end() ? nullptr : &*found;
}

std::string blob(const digest& id) { return "blobs/sha256/" + std::string{id.hex()}; }

} // namespace

TEST_CASE("save_plan: one image with two names", "[protocol][oci]") {
  auto image = image_of("ab", created, {"a:1", "reg.io/me/a:2"});
  auto id = sha256_of(image.config_bytes);
  auto plan = plan_save({image});
  REQUIRE(plan.has_value());

  std::vector<std::string> paths;
  for (const auto& entry : *plan)
    paths.push_back(entry.path);
  CHECK(std::is_sorted(paths.begin(), paths.end()));
  CHECK(paths.front() == "blobs/");
  CHECK(paths[1] == "blobs/sha256/");
  CHECK(std::vector<std::string>{paths.end() - 4, paths.end()} ==
        std::vector<std::string>{"index.json", "manifest.json", "oci-layout", "repositories"});
  // Two layers, the config, the manifest, and a config of version 1 for each layer.
  CHECK(plan->size() == 2 + 6 + 4);

  const auto* folder = find(*plan, "blobs/");
  CHECK(folder->kind == content::folder);
  CHECK(folder->mode == 0755);
  CHECK(folder->modified == created_seconds);
  const auto* config = find(*plan, blob(id));
  REQUIRE(config);
  CHECK(config->bytes == image.config_bytes);
  CHECK(config->mode == 0644);
  CHECK(config->modified == created_seconds);
  const auto* layer = find(*plan, blob(layer_id('b')));
  REQUIRE(layer);
  CHECK(layer->kind == content::layer);
  CHECK(layer->layer == layer_id('b'));
  CHECK(layer->size == 1000 + 'b');
  CHECK(layer->modified == created_seconds);

  auto layer_json = [](char c) {
    return R"({"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":")" +
           layer_id(c).str() + R"(","size":)" + std::to_string(1000 + c) + '}';
  };
  const std::string manifest =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)"
      R"({"mediaType":"application/vnd.oci.image.config.v1+json","digest":")" +
      id.str() + R"(","size":)" + std::to_string(image.config_bytes.size()) + R"(},"layers":[)" +
      layer_json('a') + ',' + layer_json('b') + "]}";
  const auto* written = find(*plan, blob(sha256_of(manifest)));
  REQUIRE(written);
  CHECK(written->bytes == manifest);
  CHECK(written->modified == 0);

  auto entry_json = [&](const std::string& full, const std::string& tag) {
    return R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
           sha256_of(manifest).str() + R"(","size":)" + std::to_string(manifest.size()) +
           R"(,"annotations":{"io.containerd.image.name":")" + full +
           R"(","org.opencontainers.image.ref.name":")" + tag + R"("}})";
  };
  CHECK(
      find(*plan, "index.json")->bytes ==
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" +
          entry_json("docker.io/library/a:1", "1") + ',' + entry_json("reg.io/me/a:2", "2") + "]}");
  auto source_json = [](char c) {
    return '"' + layer_id(c).str() +
           R"(":{"mediaType":"application/vnd.oci.image.layer.v1.tar","size":)" +
           std::to_string(1000 + c) + R"(,"digest":")" + layer_id(c).str() + R"("})";
  };
  CHECK(find(*plan, "manifest.json")->bytes ==
        R"([{"Config":")" + blob(id) + R"(","RepoTags":["a:1","reg.io/me/a:2"],"Layers":[")" +
            blob(layer_id('a')) + R"(",")" + blob(layer_id('b')) + R"("],"LayerSources":{)" +
            source_json('a') + ',' + source_json('b') + "}}]\n");
  CHECK(find(*plan, "oci-layout")->bytes == R"({"imageLayoutVersion": "1.0.0"})");
  CHECK(find(*plan, "repositories")->bytes == R"({"a":{"1":")" + std::string(64, 'b') +
                                                  R"("},"reg.io/me/a":{"2":")" +
                                                  std::string(64, 'b') + "\"}}\n");
}

TEST_CASE("save_plan: the configs of version 1", "[protocol][oci]") {
  auto image = image_of("ab", created + R"("config":{"Cmd":["x"]},"author":"me",)");
  auto plan = *plan_save({image});
  const std::string empty =
      R"({"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":false,)"
      R"("AttachStderr":false,"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":null,)"
      R"("Cmd":null,"Image":"","Volumes":null,"WorkingDir":"","Entrypoint":null,)"
      R"("OnBuild":null,"Labels":null})";
  auto base_id = sha256_of(R"({"container_config":)" + empty +
                           R"(,"created":"1970-01-01T00:00:00Z","layer_id":")" +
                           layer_id('a').str() + R"("})");
  auto base = R"({"id":")" + std::string{base_id.hex()} +
              R"(","created":"1970-01-01T00:00:00Z","container_config":)" + empty +
              R"(,"os":"linux"})";
  REQUIRE(find(plan, blob(sha256_of(base))));
  CHECK(find(plan, blob(sha256_of(base)))->bytes == base);
  auto has_top = std::any_of(plan.begin(), plan.end(), [&](const archive_entry& entry) {
    return entry.bytes.find(R"("parent":")" + std::string{base_id.hex()} + '"') !=
               std::string::npos &&
           entry.bytes.find(R"("author":"me","config":{)") != std::string::npos;
  });
  CHECK(has_top);
}

TEST_CASE("save_plan: several images, layers once, parents, without name", "[protocol][oci]") {
  auto base = image_of("a", {}, {"base:1"});
  auto top = image_of("ab");
  top.parent = sha256_of(base.config_bytes);
  auto other = image_of("ac");
  other.parent = layer_id('e'); // is not saved
  auto plan = plan_save({top, base, other});
  REQUIRE(plan.has_value());
  CHECK(std::count_if(plan->begin(), plan->end(),
                      [](const auto& entry) { return entry.kind == content::layer; }) == 3);
  auto items = *parse_archive_manifest(find(*plan, "manifest.json")->bytes);
  REQUIRE(items.size() == 3);
  CHECK(items[0].parent == top.parent.str());
  CHECK_FALSE(items[0].repo_tags);
  CHECK(items[1].repo_tags->at(0) == "base:1");
  CHECK(items[2].parent.empty());
  auto index = *parse_index(find(*plan, "index.json")->bytes);
  CHECK(index.manifests.size() == 3);
  CHECK(index.manifests[0].annotations.empty());
}

TEST_CASE("save_plan: without names there is no `repositories`", "[protocol][oci]") {
  auto plan = *plan_save({image_of("a")});
  CHECK_FALSE(find(plan, "repositories"));
  CHECK(find(plan, "manifest.json")->bytes.find("\"RepoTags\":null") != std::string::npos);
}

TEST_CASE("save_plan: times that files cannot have become the epoch", "[protocol][oci]") {
  for (const char* time : {"0001-01-01T00:00:00Z", "9999-01-01T00:00:00Z"}) {
    auto image = image_of("a", R"("created":")" + std::string{time} + "\",");
    auto plan = *plan_save({image});
    CHECK(find(plan, blob(layer_id('a')))->modified == 0);
  }
  CHECK(find(*plan_save({image_of("a")}), blob(layer_id('a')))->modified == 0);
}

TEST_CASE("save_plan: the same image gives the same entries", "[protocol][oci]") {
  auto once = *plan_save({image_of("ab", created, {"a:1"})});
  auto twice = *plan_save({image_of("ab", created, {"a:1"})});
  REQUIRE(once.size() == twice.size());
  for (std::size_t i = 0; i < once.size(); ++i) {
    CHECK(once[i].path == twice[i].path);
    CHECK(once[i].bytes == twice[i].bytes);
  }
}

TEST_CASE("save_plan: what cannot be saved", "[protocol][oci]") {
  CHECK(plan_save({image_of("")}).error() ==
        api_error{errc::system, "empty export - not implemented"});
  CHECK(plan_save({image_of("a", R"("OS":"windows",)")}).error().message ==
        "os \"windows\" is not supported");
  CHECK(plan_save({saved_image{"x", {}, {}, {}}}).has_error());
  auto wrong = image_of("ab");
  wrong.layers.pop_back();
  CHECK(plan_save({wrong}).error().kind == errc::system);
}

TEST_CASE("save_plan: what is saved can be loaded, as docker-archive and as OCI layout",
          "[protocol][oci]") {
  auto base = image_of("a", {}, {"base:1"});
  auto top = image_of("ab", created, {"top:1", "top:2"});
  auto plan = *plan_save({base, top});
  archive_view view;
  for (const auto& entry : plan) {
    note_folder(view, entry.path, entry.kind == content::folder);
    auto path = clean_archive_path(entry.path);
    if (entry.kind == content::layer) {
      view.layers[path] = archive_layer{entry.layer, entry.size, entry.layer, entry.size};
    } else if (entry.kind == content::bytes) {
      REQUIRE(role_of(path, entry.bytes, entry.size) == entry_role::document);
      view.documents[path] = entry.bytes;
    }
  }
  for (auto kind : {archive_kind::docker, archive_kind::oci}) {
    auto loaded = plan_load(view);
    REQUIRE(loaded.has_value());
    CHECK(loaded->kind == kind);
    REQUIRE(loaded->images.size() == 2);
    CHECK(loaded->images[0].config_bytes == base.config_bytes);
    CHECK(loaded->images[1].config_bytes == top.config_bytes);
    CHECK(loaded->images[1].tags == top.tags);
    view.documents.erase("manifest.json");
  }
}
