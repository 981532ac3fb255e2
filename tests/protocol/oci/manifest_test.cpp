#include "protocol/oci/manifest.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gantry;
using namespace gantry::oci;

namespace {

const std::string hex_a(64, 'a');
const std::string hex_b(64, 'b');

} // namespace

TEST_CASE("manifest: media types of Docker and OCI", "[protocol][oci]") {
  using content = media_type::content;
  using packing = media_type::packing;
  auto gzip = parse_media_type("application/vnd.docker.image.rootfs.diff.tar.gzip");
  CHECK(gzip == media_type{content::layer, packing::gzip, true, true});
  auto zstd = parse_media_type("application/vnd.oci.image.layer.v1.tar+zstd");
  CHECK(zstd == media_type{content::layer, packing::zstd, true, false});
  auto foreign = parse_media_type("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");
  CHECK(foreign == media_type{content::layer, packing::gzip, false, true});
  auto kept = parse_media_type("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip");
  CHECK_FALSE(kept.distributable);
  CHECK(parse_media_type(oci_manifest_type).kind == content::manifest);
  CHECK(parse_media_type(docker_index_type).kind == content::index);
  CHECK(parse_media_type(docker_index_type).docker);
  CHECK(parse_media_type(std::string{oci_index_type} + "; charset=utf-8").kind == content::index);
  CHECK(parse_media_type("").kind == content::unknown);
  CHECK(parse_media_type("application/json").kind == content::unknown);
}

TEST_CASE("manifest: how well a platform fits", "[protocol][oci]") {
  auto p = [](std::string os, std::string architecture, std::string variant = {}) {
    return platform{std::move(architecture), std::move(os), {}, {}, std::move(variant)};
  };
  auto amd64 = p("linux", "amd64");
  CHECK(fitness(amd64, amd64) == fitness(p("linux", "amd64", "v1"), amd64));
  CHECK(fitness(p("linux", "amd64", "v2"), amd64) > 0);
  CHECK(fitness(p("linux", "amd64", "v2"), amd64) < fitness(amd64, amd64));
  CHECK(fitness(p("linux", "arm64"), amd64) == 0);
  CHECK(fitness(p("windows", "amd64"), amd64) == 0);
  CHECK(fitness(p("unknown", "unknown"), amd64) == 0);
  CHECK(fitness(p("linux", "arm64", "v8"), p("linux", "arm64")) == fitness(amd64, amd64));
  CHECK(to_string(p("linux", "arm", "v7")) == "linux/arm/v7");
  CHECK(to_string(amd64) == "linux/amd64");
}

TEST_CASE("manifest: there and back", "[protocol][oci]") {
  const std::string text =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
      R"("artifactType":"t","config":{"mediaType":"application/vnd.oci.image.config.v1+json",)"
      R"("digest":"sha256:)" +
      hex_a + R"(","size":7},"layers":[{"mediaType":"l","digest":"sha256:)" + hex_b +
      R"(","size":0,"urls":["http://x"],"annotations":{"a":"1","b":"2"},"data":"e30=",)"
      R"("platform":{"architecture":"amd64","os":"linux","os.version":"1","os.features":["f"],)"
      R"("variant":"v2"},"artifactType":"x"}],"subject":{"mediaType":"s","digest":"sha256:)" +
      hex_a + R"(","size":1},"annotations":{"k":"v"}})";
  auto manifest = parse_manifest(text);
  REQUIRE(manifest.has_value());
  CHECK(manifest->config.size == 7);
  CHECK(manifest->layers.at(0).platform->variant == "v2");
  CHECK(write_manifest(*manifest) == text);
  CHECK(write_manifest({}) ==
        R"({"schemaVersion":2,"config":{"mediaType":"","digest":"","size":0},"layers":[]})");
}

TEST_CASE("manifest: an index there and back", "[protocol][oci]") {
  const std::string text =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)"
      R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:)" +
      hex_a +
      R"(","size":3,"annotations":{"io.containerd.image.name":"docker.io/library/a:1",)"
      R"("org.opencontainers.image.ref.name":"1"}}]})";
  auto index = parse_index(text);
  REQUIRE(index.has_value());
  CHECK(index->manifests.at(0).annotations.at(std::string{ref_name_annotation}) == "1");
  CHECK(write_index(*index) == text);
  CHECK(write_index({}) == R"({"schemaVersion":2,"manifests":[]})");
}

TEST_CASE("manifest: what is wrong is named", "[protocol][oci]") {
  struct row {
    std::string text;
    std::string error;
  };
  const row rows[] = {
      {"", "unexpected end of JSON input"},
      {"{}", "unsupported manifest schema version 0"},
      {R"({"schemaVersion":1,"fsLayers":[]})", "unsupported manifest schema version 1"},
      {R"({"schemaVersion":2,"layers":[],"manifests":[]})", "invalid manifest: it is an index too"},
      {R"({"schemaVersion":2,"config":{"digest":"sha256:x"}})",
       "invalid checksum digest length: \"sha256:x\""},
      {R"({"schemaVersion":2,"config":{"size":-1}})", "invalid descriptor: size -1"},
      {R"({"schemaVersion":2,"config":{"size":"1"}})",
       "json: cannot unmarshal string into Go struct field Manifest.config.size of type int64"},
      {R"({"schemaVersion":2,"layers":{}})", "json: cannot unmarshal object into Go struct field "
                                             "Manifest.layers of type []v1.Descriptor"},
      {R"({"schemaVersion":2})" + std::string(max_manifest_size, ' '),
       "invalid manifest: 4194323 bytes are too many"},
  };
  for (const auto& r : rows) {
    CAPTURE(r.text.substr(0, 100));
    auto manifest = parse_manifest(r.text);
    REQUIRE(manifest.has_error());
    CHECK(manifest.error() == api_error{errc::invalid_parameter, r.error});
  }
  CHECK(parse_index(R"({"schemaVersion":2,"manifests":[],"config":{}})").error().message ==
        "invalid index: it is a manifest too");
}

TEST_CASE("manifest: manifest.json of today and of 20.10", "[protocol][oci]") {
  const std::string today = R"([{"Config":"blobs/sha256/)" + hex_a +
                            R"(","RepoTags":["a:1","a:2"],"Layers":["blobs/sha256/)" + hex_b +
                            R"("],"Parent":"sha256:)" + hex_b + R"(","LayerSources":{"sha256:)" +
                            hex_b +
                            R"(":{"mediaType":"application/vnd.oci.image.layer.v1.tar","size":9,)"
                            R"("digest":"sha256:)" +
                            hex_b +
                            R"("}}},{"Config":"c","RepoTags":null,"Layers":null}])"
                            "\n";
  auto items = parse_archive_manifest(today);
  REQUIRE(items.has_value());
  REQUIRE(items->size() == 2);
  CHECK(items->at(0).layer_sources.at("sha256:" + hex_b).size == 9);
  CHECK_FALSE(items->at(1).repo_tags);
  CHECK(write_archive_manifest(*items) == today);
  auto old = parse_archive_manifest(
      R"([{"config":"x.json","repotags":null,"layers":["a/layer.tar"]}] trailing)");
  REQUIRE(old.has_value());
  CHECK(old->at(0).config == "x.json");
  CHECK(old->at(0).layers->at(0) == "a/layer.tar");
}

TEST_CASE("manifest: a bad manifest.json", "[protocol][oci]") {
  auto error = [](std::string_view text) { return parse_archive_manifest(text).error().message; };
  CHECK(parse_archive_manifest("[]")->empty());
  CHECK(error("null") == "invalid manifest, manifest cannot be null (but can be [])");
  CHECK(error("{}") ==
        "json: cannot unmarshal object into Go value of type []tarexport.manifestItem");
  CHECK(error("[1]") == "json: cannot unmarshal number into Go value of type manifestItem");
  CHECK(error(R"([{"Layers":"x"}])") ==
        "json: cannot unmarshal string into Go struct field manifestItem.Layers of type []string");
  CHECK(error("") == "unexpected end of JSON input");
}

TEST_CASE("manifest: repositories", "[protocol][oci]") {
  const std::string text = R"({"a":{"1":"x","2":"y"},"localhost:5000/b":{"latest":"z"}})"
                           "\n";
  auto names = parse_repositories(text);
  REQUIRE(names.has_value());
  CHECK(names->at("localhost:5000/b").at("latest") == "z");
  CHECK(write_repositories(*names) == text);
  CHECK(parse_repositories("[]").has_error());
  CHECK(parse_repositories(R"({"a":"b"})").has_error());
}

TEST_CASE("manifest: oci-layout", "[protocol][oci]") {
  CHECK(check_oci_layout(oci_layout).has_value());
  CHECK(check_oci_layout(R"({"imageLayoutVersion":"2.0.0"})").error().message ==
        "unsupported OCI image layout version \"2.0.0\"");
  CHECK(check_oci_layout("{}").has_error());
}
