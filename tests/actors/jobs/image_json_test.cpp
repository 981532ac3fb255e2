#include "actors/jobs/image_json.hpp"

#include "protocol/api/json.hpp"
#include "tests/actors/store/catalog_builder.hpp"

#include <boost/json/value.hpp>
#include <catch2/catch.hpp>

#include <string>

using namespace gantry;
using test::catalog_builder;
using test::hex_digest;

namespace {

const oci::platform machine{"amd64", "linux", "", {}, ""};
const store::paths root{"/root"};

std::string json_text(const boost::json::value& v) {
  std::string text;
  api::append_json(text, v);
  return text;
}

oci::history_entry step(std::string by, bool empty = false, std::string comment = {}) {
  oci::history_entry entry;
  entry.created_by = std::move(by);
  entry.comment = std::move(comment);
  entry.empty_layer = empty;
  return entry;
}

constexpr std::string_view blank_config =
    R"({"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":false,)"
    R"("AttachStderr":false,"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":null,"Cmd":null,)"
    R"("Image":"","Volumes":null,"WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":null})";

} // namespace

TEST_CASE("image json: details in dockerd's order", "[actors][jobs][images]") {
  catalog_builder b;
  auto id = hex_digest("a1");
  auto digest = hex_digest("d1").str();
  auto& config = b.add(id, {"one", "two"}, {"app:2", "app@" + digest}, hex_digest("b2"));
  config.comment = "com";
  config.created = oci::parse_instant("2024-01-01T02:00:00.5+02:00").value();
  config.container = "cccc";
  config.docker_version = "1.2.3";
  config.author = "me";
  config.architecture = "arm64";
  config.variant = "v8";
  config.os = "linux";
  config.os_version = "9";
  config.rootfs_type = "layers";
  config.config.emplace();
  config.config->cmd = std::vector<std::string>{"sh"};
  config.config->entrypoint.emplace();
  store::image_catalog catalog{b.content};
  auto shown = json_text(jobs::image_details(catalog.images().front(), machine, "overlay2", root));
  std::string config_text{blank_config};
  config_text.replace(config_text.find(R"("Cmd":null)"), 10, R"("Cmd":["sh"])");
  config_text.replace(config_text.find(R"("Entrypoint":null)"), 17, R"("Entrypoint":[])");
  CHECK(shown == R"({"Id":")" + id.str() + R"(","RepoTags":["app:2"],"RepoDigests":["app@)" +
                     digest + R"("],"Parent":")" + hex_digest("b2").str() +
                     R"(","Comment":"com","Created":"2024-01-01T02:00:00.5+02:00",)"
                     R"("Container":"cccc","ContainerConfig":)" +
                     std::string{blank_config} +
                     R"(,"DockerVersion":"1.2.3","Author":"me","Config":)" + config_text +
                     R"(,"Architecture":"arm64","Variant":"v8","Os":"linux","OsVersion":"9",)"
                     R"("Size":200,"GraphDriver":{"Data":null,"Name":"copy"},)"
                     R"("RootFS":{"Type":"layers","Layers":[")" +
                     test::digest_of("one").str() + R"(",")" + test::digest_of("two").str() +
                     R"("]},"Metadata":{"LastTagTime":"0001-01-01T00:00:00Z"}})");
}

TEST_CASE("image json: what a config does not say", "[actors][jobs][images]") {
  catalog_builder b;
  auto id = hex_digest("a1");
  auto& config = b.add(id, {});
  config.created.reset();
  config.history = {step("x"), step("y", true, "last")};
  auto tagged = std::make_shared<store::image_facts>(*b.content.images[id]);
  tagged->row.tagged = store::timestamp{std::chrono::milliseconds{1'700'000'000'500}};
  b.content.images[id] = tagged;
  store::image_catalog catalog{b.content};
  auto shown = jobs::image_details(catalog.images().front(), machine, "overlay2", root);
  CHECK_FALSE(shown.contains("Created"));
  CHECK_FALSE(shown.contains("Variant"));
  CHECK(shown["Config"].is_null());
  CHECK(shown["Architecture"] == "amd64"); // the host's
  CHECK(shown["Os"] == "linux");
  CHECK(shown["Comment"] == "last"); // of the last step
  CHECK(shown["GraphDriver"].at("Name") == "overlay2");
  CHECK_FALSE(shown["RootFS"].as_object().contains("Layers"));
  CHECK(shown["Metadata"].at("LastTagTime") == "2023-11-14T22:13:20.5Z");

  auto row = jobs::image_summary({&catalog.images().front(), {}, {}}, {});
  CHECK(row["Created"] == 0);
  CHECK(row["Labels"].is_null());
}

TEST_CASE("image json: the directories of an overlay", "[actors][jobs][images]") {
  const auto data = [](std::vector<std::string> layers) {
    catalog_builder b;
    b.add(hex_digest("a1"), layers);
    auto facts = std::make_shared<store::image_facts>(*b.content.images[hex_digest("a1")]);
    for (auto& layer : facts->layers) {
      auto other = *layer;
      other.driver = "overlay2";
      layer = std::make_shared<const store::layer_info>(other);
    }
    b.content.images[hex_digest("a1")] = facts;
    const store::image_catalog catalog{b.content};
    auto shown = jobs::image_details(catalog.images().front(), machine, "overlay2", root);
    CHECK(shown["GraphDriver"].at("Name") == "overlay2");
    return json_text(shown["GraphDriver"].at("Data"));
  };
  const auto place = [](const char* layer) {
    return "/root/layers/overlay2/" + std::string{test::digest_of(layer).hex()};
  };
  CHECK(data({"1", "2", "3"}) == R"({"LowerDir":")" + place("2") + "/diff:" + place("1") +
                                     R"(/diff","MergedDir":")" + place("3") +
                                     R"(/merged","UpperDir":")" + place("3") +
                                     R"(/diff","WorkDir":")" + place("3") + R"(/work"})");
  CHECK(data({"1"}) == R"({"MergedDir":")" + place("1") + R"(/merged","UpperDir":")" + place("1") +
                           R"(/diff","WorkDir":")" + place("1") + R"(/work"})");
  CHECK(data({}) == "null");
}

TEST_CASE("image json: labels that are none differ from no labels", "[actors][jobs][images]") {
  catalog_builder b;
  auto& config = b.add(hex_digest("a1"), {});
  config.config.emplace().labels.emplace();
  store::image_catalog catalog{b.content};
  auto row = jobs::image_summary({&catalog.images().front(), {}, {}}, {true, 3});
  CHECK(json_text(row["Labels"]) == "{}");
  CHECK(row["SharedSize"] == 0);
  CHECK(row["Containers"] == 3);
}

TEST_CASE("image json: history, newest first, with the images of its steps",
          "[actors][jobs][images]") {
  catalog_builder b;
  b.layer("base", 7);
  b.layer("top", 5);
  auto& base = b.add(hex_digest("b1"), {"base"}, {"base:1"});
  base.history = {step("ADD")};
  auto& middle = b.add(hex_digest("b2"), {"base"}, {}, hex_digest("b1"));
  middle.history = {step("ADD"), step("ENV", true)};
  auto& top = b.add(hex_digest("b3"), {"base", "top"}, {"top:1", "top:2"}, hex_digest("b2"));
  top.history = {step("OLD", true), step("ADD"), step("ENV", true, "c"), step("RUN")};
  top.history[1].created = oci::parse_instant("2024-01-01T00:00:00Z").value();
  store::image_catalog catalog{b.content};
  auto shown = jobs::image_history(catalog, *catalog.find(hex_digest("b3")));
  REQUIRE(shown);
  CHECK(json_text(*shown) ==
        R"([{"Comment":"","Created":0,"CreatedBy":"RUN","Id":")" + hex_digest("b3").str() +
            R"(","Size":5,"Tags":["top:1","top:2"]},)"
            R"({"Comment":"c","Created":0,"CreatedBy":"ENV","Id":")" +
            hex_digest("b2").str() +
            R"(","Size":0,"Tags":null},)"
            R"({"Comment":"","Created":1704067200,"CreatedBy":"ADD","Id":")" +
            hex_digest("b1").str() +
            R"(","Size":7,"Tags":["base:1"]},)"
            R"({"Comment":"","Created":0,"CreatedBy":"OLD","Id":"<missing>","Size":0,)"
            R"("Tags":null}])");
}

TEST_CASE("image json: history without a parent, without steps, with too many",
          "[actors][jobs][images]") {
  catalog_builder b;
  auto& bare = b.add(hex_digest("b1"), {"one"});
  auto& lost = b.add(hex_digest("b2"), {"one"}, {}, hex_digest("ee"));
  lost.history = {step("ADD"), step("ENV", true)};
  auto& broken = b.add(hex_digest("b3"), {"one"});
  broken.history = {step("ADD"), step("ADD")};
  store::image_catalog catalog{b.content};
  CHECK(bare.history.empty());
  auto history_of = [&](const char* id) {
    return jobs::image_history(catalog, *catalog.find(hex_digest(id)));
  };
  CHECK(history_of("b1").value().empty());
  CHECK(history_of("b2").value().at(1).at("Id") == "<missing>");
  CHECK(history_of("b3").error() ==
        api_error{errc::system, "too many non-empty layers in History section"});
}

TEST_CASE("image json: items of a removal", "[actors][jobs][images]") {
  using kind = store::removal_record::kind;
  CHECK(json_text(jobs::removal_items(
            {{kind::untagged, "a:1"}, {kind::deleted, "sha256:1"}, {kind::deleted, "sha256:2"}})) ==
        R"([{"Untagged":"a:1"},{"Deleted":"sha256:1"},{"Deleted":"sha256:2"}])");
  CHECK(jobs::removal_items({}).empty());
}
