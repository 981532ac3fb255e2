#include "actors/store/image_list.hpp"

#include "tests/actors/store/catalog_builder.hpp"

#include <chrono>

using namespace gantry;
using namespace gantry::store;
using namespace gantry::test;

namespace {

using names = std::vector<std::string>;

/// What `docker images` would show: the names, or the short id where there is none.
names listed(const image_catalog& catalog, const list_filter& filter) {
  auto list = list_images(catalog, filter);
  REQUIRE(list);
  names shown;
  for (const auto& item : *list) {
    std::string line;
    for (const auto* part : {&item.tags, &item.digests})
      for (const auto& name : *part)
        line += (line.empty() ? "" : " ") + name.substr(0, name.find('@'));
    shown.push_back(line.empty() ? std::string{item.what->id().hex().substr(0, 4)} : line);
  }
  return shown;
}

void born(oci::image_config& config, const std::string& when) {
  config.created = oci::parse_instant(when).value();
}

void label(oci::image_config& config, std::map<std::string, std::string> labels) {
  config.config.emplace();
  config.config->labels = std::move(labels);
}

/// Of each kind one: named, with a digest only, nameless, and a nameless one with a child.
struct sample {
  sample() {
    auto& parent = b.add(hex_digest("1111"), {});
    born(parent, "2024-01-01T00:00:00Z");
    auto& app = b.add(hex_digest("2222"), {}, {"app:1", "reg.io/team/app:1"}, hex_digest("1111"));
    born(app, "2024-01-02T00:00:00Z");
    label(app, {{"tier", "web"}, {"empty", ""}});
    auto& pulled = b.add(hex_digest("3333"), {}, {"pulled@" + digest_of("m").str()});
    born(pulled, "2024-01-03T00:00:00Z");
    label(pulled, {{"tier", "db"}});
    auto& nameless = b.add(hex_digest("4444"), {});
    born(nameless, "2024-01-04T00:00:00Z");
    auto& timeless = b.add(hex_digest("5555"), {}, {"timeless"});
    timeless.created.reset();
  }
  names operator()(const list_filter& filter) { return listed(image_catalog{b.content}, filter); }

  catalog_builder b;
};

} // namespace

TEST_CASE("image list: newest first, without the nameless parents", "[actors][store]") {
  sample shows;
  CHECK(shows({}) == names{"4444", "pulled", "app:1 reg.io/team/app:1", "timeless:latest"});
  CHECK(shows({.all = true}) ==
        names{"4444", "pulled", "app:1 reg.io/team/app:1", "1111", "timeless:latest"});
}

TEST_CASE("image list: filter dangling", "[actors][store]") {
  sample shows;
  CHECK(shows({.dangling = true}) == names{"4444", "pulled"});
  CHECK(shows({.all = true, .dangling = true}) == names{"4444", "pulled"});
  CHECK(shows({.dangling = false}) ==
        names{"pulled", "app:1 reg.io/team/app:1", "timeless:latest"});
}

TEST_CASE("image list: filter label", "[actors][store]") {
  sample shows;
  CHECK(shows({.labels = {"tier"}}) == names{"pulled", "app:1 reg.io/team/app:1"});
  CHECK(shows({.labels = {"tier=db"}}) == names{"pulled"});
  CHECK(shows({.labels = {"tier", "empty"}}) == names{"app:1 reg.io/team/app:1"});
  CHECK(shows({.labels = {"empty="}}) == names{"app:1 reg.io/team/app:1"});
  CHECK(shows({.labels = {"tier=web", "tier=db"}}).empty());
  CHECK(shows({.labels = {"nothing"}}).empty());
}

TEST_CASE("image list: filters before, since and until", "[actors][store]") {
  sample shows;
  CHECK(shows({.before = {"pulled@" + digest_of("m").str()}}) == names{"app:1 reg.io/team/app:1"});
  CHECK(shows({.all = true, .before = {"3333"}}) == names{"app:1 reg.io/team/app:1", "1111"});
  CHECK(shows({.since = {"app:1"}}) == names{"4444", "pulled"});
  CHECK(shows({.since = {"app:1", "3333"}}) == names{"4444"});
  CHECK(shows({.before = {"4444"}, .since = {"app:1"}}) == names{"pulled"});
  CHECK(shows({.before = {"4444", "3333"}}) == names{"app:1 reg.io/team/app:1"});
  CHECK(shows({.until = {oci::parse_instant("2024-01-03T00:00:00Z").value()}}) ==
        names{"app:1 reg.io/team/app:1"});
  // An image without time bounds nothing.
  CHECK(shows({.before = {"timeless"}}).size() == 4);
  image_catalog catalog{shows.b.content};
  CHECK(list_images(catalog, {.before = {"nosuch"}}).error() ==
        api_error{errc::not_found, "No such image: nosuch:latest"});
  CHECK(list_images(catalog, {.since = {"nosuch"}}).error().kind == errc::not_found);
}

TEST_CASE("image list: filter reference", "[actors][store]") {
  sample shows;
  CHECK(shows({.references = {"app"}}) == names{"app:1"});
  CHECK(shows({.references = {"app:1"}}) == names{"app:1"});
  CHECK(shows({.references = {"*/*/app"}}) == names{"reg.io/team/app:1"});
  CHECK(shows({.references = {"reg.io/*/*", "app:*"}}) == names{"app:1 reg.io/team/app:1"});
  CHECK(shows({.references = {"pulled"}}) == names{"pulled"});
  CHECK(shows({.references = {"4444"}}).empty());
  CHECK(shows({.dangling = true, .references = {"app"}}).empty());
  image_catalog catalog{shows.b.content};
  CHECK(list_images(catalog, {.references = {"[a"}}).error() ==
        api_error{errc::invalid_parameter, "syntax error in pattern"});
}

TEST_CASE("image list: images of the same time are in the order of their ids", "[actors][store]") {
  catalog_builder b;
  b.add(hex_digest("bb"), {});
  b.add(hex_digest("aa"), {});
  CHECK(listed(image_catalog{b.content}, {}) == names{"aa00", "bb00"});
}

TEST_CASE("image list: five hundred images are listed in no time", "[actors][store]") {
  catalog_builder b;
  for (int i = 0; i < 500; ++i) {
    std::vector<std::string> layers;
    for (int layer = 0; layer < 10; ++layer)
      layers.push_back("layer" + std::to_string(layer < 5 ? layer : i * 10 + layer));
    auto& config = b.add(digest_of("image" + std::to_string(i)), layers,
                         {"repo" + std::to_string(i) + ":latest", "all:" + std::to_string(i)});
    config.created->seconds += i;
    label(config, {{"n", std::to_string(i)}});
  }
  image_catalog catalog{b.content};
  auto best = std::chrono::steady_clock::duration::max();
  for (int round = 0; round < 5; ++round) {
    auto begin = std::chrono::steady_clock::now();
    auto list = list_images(catalog, {.labels = {"n"}});
    best = std::min(best, std::chrono::steady_clock::now() - begin);
    REQUIRE(list);
    REQUIRE(list->size() == 500);
    REQUIRE(list->front().tags[0] == "all:499");
  }
  auto took = std::chrono::duration_cast<std::chrono::microseconds>(best).count();
#ifdef NDEBUG
  CHECK(took < 5000);
#else
  CHECK(took < 100'000); // with sanitizers
#endif
}
