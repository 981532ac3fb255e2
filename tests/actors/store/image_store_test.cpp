#include "actors/store/image_store.hpp"

#include "tests/actors/store/store_fixture.hpp"

#include <sys/mount.h>

using namespace gantry;
using namespace gantry::store;
using namespace gantry::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

std::string layer_path(const std::string& content) {
  return "layers/copy/" + std::string{digest_of(content).hex()};
}

// Writes to the file until the disk is full.
void fill(const std::string& file) {
  std::ofstream filler{file};
  const std::string block(4096, 'x');
  while (filler << block << std::flush) {
  }
}

std::string blob_path(const oci::digest& id) { return "blobs/sha256/" + std::string{id.hex()}; }

} // namespace

TEST_CASE("image store: what was put is there after a restart", "[actors][store]") {
  store_fixture f;
  auto base = f.put({{"1"}, "2024-01-01T00:00:00Z"}, {"base"});
  f.now += std::chrono::seconds{1};
  auto app = f.put({{"1", "2", "1"}}, {"app:1", "reg.io/app@" + digest_of("m").str()}, base);
  for (int round = 0; round < 2; ++round) {
    INFO(round);
    const auto& catalog = f.catalog();
    REQUIRE(catalog.images().size() == 2);
    const auto* image = catalog.find(app);
    REQUIRE(image != nullptr);
    CHECK(image->facts->row.parent == base);
    CHECK(image->facts->row.loaded == timestamp{std::chrono::seconds{1'700'000'001}});
    CHECK_FALSE(image->facts->row.tagged);
    CHECK(image->facts->chain_ids.size() == 3);
    CHECK(image->config().architecture == "amd64");
    CHECK(image->size == 300);
    CHECK(image->references.size() == 2);
    CHECK(catalog.find(base)->children == std::vector{app});
    CHECK(f.store().read_config(app).value() == config_of({{"1", "2", "1"}}));
    CHECK(f.things() ==
          std::set<std::string>{layer_path("1"), layer_path("2"), blob_path(base), blob_path(app)});
    CHECK(f.store().warnings().empty());
    f.reopen();
  }
}

TEST_CASE("image store: only one opens a data root", "[actors][store]") {
  store_fixture f;
  auto second = image_store::open(f.root());
  REQUIRE_FALSE(second);
  CHECK(second.error() == api_error{errc::unavailable, "data root '" + f.root().string() +
                                                           "' is used by another daemon"});
}

TEST_CASE("image store: the data root is closed to others, however it is written",
          "[actors][store]") {
  temp_dir dir;
  store_fixture f{dir.file("a/root/")};
  CHECK(f.store().where().root() == dir.file("a/root"));
  auto mode = [&](const char* path) {
    return static_cast<unsigned>(std::filesystem::status(dir.file(path)).permissions());
  };
  CHECK((mode("a/root") & 0007U) == 0);
  CHECK((mode("a/root/tmp") & 0077U) == 0);
  CHECK((mode("a/root/blobs") & 0077U) == 0);
  CHECK((mode("a/root/gantry.db") & 0077U) == 0);
  f.put({{"1"}}, {"a"});
  CHECK((mode("a/root/gantry.db-wal") & 0077U) == 0);
}

TEST_CASE("image store: a data root may be reached by a link", "[actors][store]") {
  temp_dir dir;
  std::filesystem::create_directories(dir.file("disk"));
  std::filesystem::create_directory_symlink(dir.file("disk"), dir.file("link"));
  store_fixture f{dir.file("link/root")};
  f.put({{"1"}}, {"a"});
  f.reopen();
  CHECK(f.catalog().images().size() == 1);
}

TEST_CASE("image store: an image that is there only gets the names", "[actors][store]") {
  store_fixture f;
  auto id = f.put({{"1"}}, {"a"});
  auto other = f.put({{"2"}}, {"b"});
  new_image again{config_of({{"1"}}), {name_of("b"), name_of("c")}, {}};
  auto outcome = f.store().put_image(again);
  REQUIRE(outcome);
  CHECK(outcome->existed);
  CHECK(outcome->id == id);
  CHECK(outcome->moved == std::vector<moved_reference>{{name_of("b"), other}});
  CHECK(f.catalog().find(id)->references.size() == 3);
  CHECK(f.catalog().find(other)->references.empty());
  f.reopen();
  CHECK(f.catalog().find(id)->references.size() == 3);
}

TEST_CASE("image store: an image is refused as a whole", "[actors][store]") {
  store_fixture f;
  auto id = f.put({{"1"}}, {"a"});
  auto before = f.things();
  auto refused = [&](const new_image& image) {
    auto outcome = f.store().put_image(image);
    CHECK(f.catalog().images().size() == 1);
    CHECK(f.things() == before);
    return outcome ? "accepted" : outcome.error().message;
  };
  auto config = config_of({{"1", "2"}});
  CHECK(refused({config, {name_of("a")}, {}}) ==
        "layer " + digest_of("2").str() + " of image " + digest_of(config).str() + " is not there");
  CHECK(refused({"{", {}, {}}) != "accepted");
  CHECK(refused({"{}", {}, {}}) == "invalid image JSON, no RootFS key");
  CHECK(refused({R"({"history":[{}],"rootfs":{"type":"layers"}})", {}, {}}) ==
        "too many non-empty layers in History section");
  auto fine = config_of({{"1"}, "", {}, "other"});
  CHECK(refused({fine, {}, digest_of("x")}) == "unknown parent image ID " + digest_of("x").str());
  CHECK(refused({fine, {}, digest_of(fine)}) == "unknown parent image ID " + digest_of(fine).str());
  CHECK(f.catalog().resolve("a")->what->id() == id);
}

TEST_CASE("image store: what a lease brought goes with it unless an image has it",
          "[actors][store]") {
  store_fixture f;
  auto work = f.store().begin_lease();
  REQUIRE(f.store().add_layer(work, f.prepare_layer("1"), layer_of("1")));
  REQUIRE(f.store().add_layer(work, f.prepare_layer("2"), layer_of("2")));
  REQUIRE(f.store().put_image({config_of({{"1"}}), {}, {}}));
  CHECK(f.store().hold_layer(f.store().begin_lease(), digest_of("1")) == layer_of("1"));
  f.store().end_lease(work);
  CHECK_FALSE(f.store().hold_layer(f.store().begin_lease(), digest_of("2")));
  CHECK(f.things() ==
        std::set<std::string>{layer_path("1"), blob_path(digest_of(config_of({{"1"}})))});
  CHECK(f.store().bin()->look()->size() == 1);
  f.store().end_lease(work); // a second time does nothing
  CHECK(f.store().bin()->look()->size() == 1);
}

TEST_CASE("image store: a layer brought twice is kept once", "[actors][store]") {
  store_fixture f;
  auto first = f.store().begin_lease();
  auto second = f.store().begin_lease();
  auto added = f.store().add_layer(first, f.prepare_layer("1"), layer_of("1", 7));
  REQUIRE(added);
  CHECK_FALSE(added->existed);
  {
    auto again = f.store().add_layer(second, f.prepare_layer("1"), layer_of("1", 8));
    REQUIRE(again);
    CHECK(again->existed);
    CHECK(again->layer == layer_of("1", 7));
  }
  CHECK(f.things() == std::set<std::string>{layer_path("1")});
  f.store().end_lease(first);
  CHECK(f.things() == std::set<std::string>{layer_path("1")}); // the second still needs it
  f.store().end_lease(second);
  CHECK(f.things().empty());
}

TEST_CASE("image store: a layer that comes after its lease ended is refused", "[actors][store]") {
  store_fixture f;
  auto work = f.store().begin_lease();
  f.store().end_lease(work);
  auto late = f.store().add_layer(work, f.prepare_layer("1"), layer_of("1"));
  REQUIRE_FALSE(late);
  CHECK(late.error().message == "layer " + digest_of("1").str() + " was brought too late");
  CHECK_FALSE(f.store().hold_layer(work, digest_of("1")));
}

TEST_CASE("image store: a removal takes nothing that a lease holds", "[actors][store]") {
  store_fixture f;
  auto id = f.put({{"1", "2"}}, {"a"});
  auto load = f.store().begin_lease();
  REQUIRE(f.store().hold_layer(load, digest_of("1")));
  auto removed = f.store().remove_image("a", {});
  REQUIRE(removed);
  CHECK(removed->reclaimed == 100); // the upper one
  CHECK(f.things() == std::set<std::string>{layer_path("1")});
  // The load goes on, and its image is whole.
  REQUIRE(f.store().add_layer(load, f.prepare_layer("3"), layer_of("3")));
  REQUIRE(f.store().put_image({config_of({{"1", "3"}}), {name_of("b")}, {}}));
  f.store().end_lease(load);
  f.reopen();
  CHECK(f.store().warnings().empty());
  CHECK(f.catalog().resolve("b")->what->size == 200);
  CHECK(f.catalog().find(id) == nullptr);
}

TEST_CASE("image store: an image that is being saved can be read to the end", "[actors][store]") {
  store_fixture f;
  auto id = f.put({{"1"}}, {"a"});
  auto save = f.store().begin_lease();
  REQUIRE(f.store().hold_image(save, id));
  REQUIRE(f.store().remove_image("a", {}));
  CHECK(f.catalog().images().empty());
  CHECK(f.store().read_config(id));
  CHECK(f.things() == std::set<std::string>{layer_path("1"), blob_path(id)});
  f.store().end_lease(save);
  CHECK(f.things().empty());
  CHECK_FALSE(f.store().hold_image(f.store().begin_lease(), id));
}

TEST_CASE("image store: an image that comes back while it is held stays", "[actors][store]") {
  store_fixture f;
  auto id = f.put({{"1"}}, {"a"});
  auto save = f.store().begin_lease();
  REQUIRE(f.store().hold_image(save, id));
  REQUIRE(f.store().remove_image("a", {}));
  CHECK(f.put({{"1"}}, {"a"}) == id);
  f.store().end_lease(save);
  f.reopen();
  CHECK(f.catalog().find(id) != nullptr);
  CHECK(f.things() == std::set<std::string>{layer_path("1"), blob_path(id)});
}

TEST_CASE("image store: a tag moves silently and its time is noted", "[actors][store]") {
  store_fixture f;
  auto a = f.put({{"1"}}, {"a"});
  auto b = f.put({{"2"}}, {"b"});
  f.now += std::chrono::seconds{10};
  auto tagged = f.store().tag("a", name_of("b"));
  REQUIRE(tagged);
  CHECK(tagged->id == a);
  CHECK(tagged->moved == std::vector<moved_reference>{{name_of("b"), b}});
  REQUIRE(f.store().tag(std::string{b.short_id()}, oci::parse_reference("c").value()));
  f.reopen();
  CHECK(f.catalog().resolve("b")->what->id() == a);
  CHECK(f.catalog().resolve("c:latest")->what->id() == b);
  CHECK(f.catalog().find(a)->facts->row.tagged == f.now);
  CHECK(f.store().tag("nosuch", name_of("x")).error() ==
        api_error{errc::not_found, "No such image: nosuch:latest"});
  CHECK(f.store().tag("a", name_of("x@" + digest_of("m").str())).error().kind ==
        errc::invalid_parameter);
  CHECK(f.store().untag(name_of("b")).value());
  CHECK_FALSE(f.store().untag(name_of("b")).value());
  f.reopen();
  CHECK_FALSE(f.catalog().resolve("b"));
}

TEST_CASE("image store: a removal is whole, told and reclaimed", "[actors][store]") {
  store_fixture f;
  auto base = f.put({{"1"}}, {"base"});
  auto app = f.put({{"1", "2", "2"}}, {"app"}, base);
  auto removed = f.store().remove_image("app", {});
  REQUIRE(removed);
  CHECK(removed->reclaimed == 100);
  CHECK(removed->warnings.empty());
  CHECK(removed->records.size() == 4); // name, image, the two chains on top of the base
  CHECK(removed->events.size() == 2);
  CHECK(f.catalog().images().size() == 1);
  CHECK(f.catalog().layers_size() == 100);
  CHECK(f.store().bin()->look()->size() == 1); // the layer that is twice in it
  CHECK(f.things() == std::set<std::string>{layer_path("1"), blob_path(base)});
  f.reopen();
  CHECK(f.catalog().images().size() == 1);
  CHECK(f.store().warnings().empty());
  CHECK(f.store().remove_image("app", {}).error().message == "No such image: app:latest");
  auto conflict = f.store().remove_image("base", {}, [](const oci::digest&) {
    return std::vector<image_user>{{std::string(64, 'c'), false}};
  });
  REQUIRE_FALSE(conflict);
  CHECK(conflict.error().kind == errc::conflict);
  CHECK(f.catalog().images().size() == 1);
  (void)app;
}

TEST_CASE("image store: a prune tells what it reclaimed", "[actors][store]") {
  store_fixture f;
  f.put({{"1"}}, {"a"});
  f.put({{"2"}});
  auto pruned = f.store().prune({});
  REQUIRE(pruned);
  CHECK(pruned->reclaimed == 100);
  CHECK(pruned->events.back() == image_event{"prune", "", {{"reclaimed", "100"}}});
  CHECK(f.catalog().images().size() == 1);
  auto nothing = f.store().prune({});
  REQUIRE(nothing);
  CHECK(nothing->records.empty());
  CHECK(nothing->events == std::vector<image_event>{{"prune", "", {{"reclaimed", "0"}}}});
  REQUIRE(f.store().prune({.dangling = false}));
  CHECK(f.catalog().images().empty());
  CHECK(f.things().empty());
}

TEST_CASE("image store: a catalog stays as it was for who has it", "[actors][store]") {
  store_fixture f;
  f.put({{"1"}}, {"a"});
  auto before = f.store().catalog();
  REQUIRE(f.store().remove_image("a", {}));
  CHECK(before->resolve("a")->what->size == 100);
  CHECK(f.catalog().images().empty());
}

TEST_CASE("image store: what is in the place of a new layer is not trusted", "[actors][store]") {
  store_fixture f;
  std::filesystem::create_directories(f.root() / layer_path("1") / "half");
  f.put({{"1"}}, {"a"});
  CHECK(f.files().count(layer_path("1") + "/diff/file") == 1);
  CHECK(f.files().count(layer_path("1") + "/half") == 0);
}

TEST_CASE("image store: images can be removed from a full disk", "[actors][store][root]") {
  temp_dir dir;
  std::filesystem::create_directories(dir.file("disk"));
  REQUIRE(::mount("tmpfs", dir.file("disk").c_str(), "tmpfs", 0, "size=3m") == 0);
  {
    store_fixture f{dir.file("disk/root")};
    for (int i = 0; i < 8; ++i)
      f.put({{std::to_string(i)}}, {"a:" + std::to_string(i)});
    fill(dir.file("disk/filler"));
    api_error failure;
    for (int i = 0; failure.message.empty() && i < 100'000; ++i)
      if (auto tagged = f.store().tag("a:1", name_of("tag:" + std::to_string(i))); !tagged)
        failure = tagged.error();
    CHECK_THAT(failure.message, Contains("no space left on device"));
    auto removed = f.store().remove_image("a:0", {});
    REQUIRE(removed.has_value());
    CHECK(removed->records.size() == 3);
    auto pruned = f.store().prune({.dangling = false});
    REQUIRE(pruned.has_value());
    f.reopen();
    CHECK(f.catalog().images().empty());
    CHECK(f.things().empty());
  }
  CHECK(::umount(dir.file("disk").c_str()) == 0);
}

TEST_CASE("image store: a full disk changes nothing and is told", "[actors][store][root]") {
  temp_dir dir;
  std::filesystem::create_directories(dir.file("disk"));
  REQUIRE(::mount("tmpfs", dir.file("disk").c_str(), "tmpfs", 0, "size=3m") == 0);
  {
    store_fixture f{dir.file("disk/root")};
    auto kept = f.put({{"1"}}, {"a"});
    auto work = f.store().begin_lease();
    REQUIRE(f.store().add_layer(work, f.prepare_layer("2"), layer_of("2")));
    fill(dir.file("disk/filler"));
    auto config = config_of({{"1", "2"}, "", {}, std::string(10'000, 'c')});
    auto put = f.store().put_image({config, {name_of("b")}, {}});
    REQUIRE_FALSE(put);
    CHECK_THAT(put.error().message, Contains("no space left on device"));
    // Small changes may still find room in the log; a great many do not.
    api_error failure;
    int done = 0;
    for (; failure.message.empty() && done < 100'000; ++done)
      if (auto tagged = f.store().tag("a", name_of("tag:" + std::to_string(done))); !tagged)
        failure = tagged.error();
    CHECK(failure.kind == errc::system);
    CHECK_THAT(failure.message, StartsWith("tag image ") || StartsWith("add the reference") ||
                                    StartsWith("note the time"));
    CHECK_THAT(failure.message, Contains("no space left on device"));
    CHECK(f.catalog().find(kept)->references.size() == static_cast<std::size_t>(done));

    // With room again all goes on as if nothing had been.
    std::filesystem::remove(dir.file("disk/filler"));
    REQUIRE(f.store().put_image({config, {name_of("b")}, {}}));
    f.store().end_lease(work);
    f.reopen();
    CHECK(f.store().warnings().empty());
    CHECK(f.catalog().images().size() == 2);
    CHECK(f.catalog().find(kept)->references.size() == static_cast<std::size_t>(done));
  }
  CHECK(::umount(dir.file("disk").c_str()) == 0);
}
