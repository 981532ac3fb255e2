#include "actors/store/recovery.hpp"

#include "tests/actors/store/store_fixture.hpp"

#include <chrono>

using namespace gantry;
using namespace gantry::store;
using namespace gantry::test;
using Catch::Matchers::Contains;

namespace {

/// A store with two images that share a layer, closed.
struct spoiled {
  spoiled() {
    base = f.put({{"1"}}, {"base"});
    app = f.put({{"1", "2"}}, {"app:1", "app:2"}, base);
    good = f.things();
    f.close();
  }
  std::filesystem::path layer(const std::string& content) const {
    return f.where().layer("copy", digest_of(content).hex());
  }
  std::filesystem::path config(const oci::digest& id) const { return f.where().blob(id.hex()); }
  static void write(const std::filesystem::path& path, const std::string& content) {
    std::ofstream{path} << content;
  }
  /// Opens; returns the warnings, joined; then opens again, which has nothing to say.
  std::string open() {
    f.reopen();
    std::string all;
    for (const auto& warning : f.store().warnings())
      all += warning + '\n';
    auto after = f.things();
    auto images = f.catalog().images().size();
    f.reopen();
    CHECK(f.store().warnings().empty());
    CHECK(f.things() == after);
    CHECK(f.catalog().images().size() == images);
    return all;
  }

  store_fixture f;
  oci::digest base;
  oci::digest app;
  std::set<std::string> good;
};

} // namespace

TEST_CASE("recovery: takes away what is half done and what nobody names", "[actors][store]") {
  spoiled s;
  auto tmp = s.f.where().tmp();
  std::filesystem::create_directories(tmp / "abc" / "diff" / "deep");
  s.write(tmp / "file", "x");
  std::filesystem::create_directory_symlink("/nowhere", tmp / "link");
  std::filesystem::create_directories(s.layer("orphan") / "diff");
  std::filesystem::create_directories(s.f.where().layer("overlay2", digest_of("1").hex()));
  s.write(s.layer("file"), "a file in a layer's place");
  s.write(s.f.where().blob(digest_of("x").hex()), "x");
  CHECK(s.open() == "");
  CHECK(s.f.things() == s.good);
  CHECK(s.f.catalog().images().size() == 2);
}

TEST_CASE("recovery: leaves alone what is no layer and no blob", "[actors][store]") {
  spoiled s;
  std::filesystem::create_directories(s.f.where().layers() / "lost+found");
  s.write(s.f.where().layers("copy") / "NOTES", "x");
  s.write(s.f.where().blobs() / "NOTES", "x");
  s.open();
  CHECK(std::filesystem::exists(s.f.where().layers() / "lost+found"));
  CHECK(std::filesystem::exists(s.f.where().layers("copy") / "NOTES"));
  CHECK(std::filesystem::exists(s.f.where().blobs() / "NOTES"));
}

TEST_CASE("recovery: an image without its config is set aside", "[actors][store]") {
  spoiled s;
  std::filesystem::remove(s.config(s.app));
  CHECK(s.open() ==
        "image '" + s.app.str() + "' set aside: blob " + s.app.str() + " is not there\n");
  CHECK(s.f.catalog().images().size() == 1);
  CHECK_FALSE(s.f.catalog().resolve("app:1"));
  CHECK(s.f.things().count("layers/copy/" + std::string{digest_of("2").hex()}) == 0);
  CHECK(s.f.catalog().resolve("base")->what->size == 100);
}

TEST_CASE("recovery: an image with a damaged config is set aside", "[actors][store]") {
  for (const char* damage : {"", "x", "{}"}) {
    INFO(damage);
    spoiled s;
    s.write(s.config(s.app), damage);
    CHECK_THAT(s.open(), Contains("image '" + s.app.str() + "' set aside: blob ") &&
                             Contains(" is damaged: "));
    CHECK(s.f.catalog().images().size() == 1);
  }
}

TEST_CASE("recovery: images without one of their layers are set aside", "[actors][store]") {
  auto damages = {
      +[](const std::filesystem::path& layer) { std::filesystem::remove_all(layer); },
      +[](const std::filesystem::path& layer) { std::filesystem::remove_all(layer / "diff"); },
      +[](const std::filesystem::path& layer) { std::filesystem::remove(layer / "record"); },
      +[](const std::filesystem::path& layer) {
        std::filesystem::remove_all(layer);
        spoiled::write(layer, "a file");
      },
  };
  for (auto damage : damages) {
    spoiled upper;
    damage(upper.layer("2"));
    CHECK(upper.open() == "image '" + upper.app.str() + "' set aside: its layer " +
                              digest_of("2").str() + " is not there\n");
    CHECK(upper.f.catalog().images().size() == 1);
    CHECK(upper.f.things() ==
          std::set<std::string>{"layers/copy/" + std::string{digest_of("1").hex()},
                                "blobs/sha256/" + std::string{upper.base.hex()}});

    spoiled lower;
    damage(lower.layer("1"));
    CHECK_THAT(lower.open(), Contains(lower.app.str()) && Contains(lower.base.str()));
    CHECK(lower.f.catalog().images().empty());
    CHECK(lower.f.things().empty());
  }
}

TEST_CASE("recovery: what was set aside can be brought again", "[actors][store]") {
  spoiled s;
  std::filesystem::remove_all(s.layer("1"));
  s.open();
  CHECK(s.f.put({{"1"}}, {"base"}) == s.base);
  CHECK(s.f.put({{"1", "2"}}, {"app:1"}, s.base) == s.app);
  CHECK(s.open() == "");
  CHECK(s.f.catalog().images().size() == 2);
}

TEST_CASE("recovery: the child of an image that was set aside has no parent", "[actors][store]") {
  spoiled s;
  std::filesystem::remove(s.config(s.base));
  s.open();
  CHECK(s.f.catalog().find(s.app)->facts->row.parent.empty());
  s.f.put({{"1"}}, {"base"});
  CHECK(s.f.catalog().find(s.base)->children.empty());
}

TEST_CASE("recovery: a config that tells of other layers than the database is set aside",
          "[actors][store]") {
  spoiled s;
  {
    auto db = sqlite::database::open(s.f.where().database(), 0x476e7479).value();
    REQUIRE(db.execute("DELETE FROM image_layers WHERE position = 1", "spoil"));
  }
  CHECK_THAT(s.open(), Contains("its config names other layers than the database"));
  CHECK(s.f.catalog().images().size() == 1);
}

TEST_CASE("recovery: what cannot be looked at is not taken for missing", "[actors][store]") {
  spoiled s;
  std::filesystem::remove(s.config(s.app));
  std::filesystem::create_symlink("loop", s.config(s.app));
  auto opened = image_store::open(s.f.root());
  REQUIRE_FALSE(opened);
  CHECK_THAT(opened.error().message, Contains("open '" + s.config(s.app).string() + "': "));
}

TEST_CASE("recovery: missing directories are made again", "[actors][store]") {
  store_fixture f;
  f.close();
  for (const char* name : {"tmp", "blobs", "layers"})
    std::filesystem::remove_all(f.root() / name);
  f.reopen();
  f.put({{"1"}}, {"a"});
  f.reopen();
  CHECK(f.catalog().images().size() == 1);
}

TEST_CASE("recovery: five hundred images of ten layers are up soon", "[actors][store]") {
#ifdef NDEBUG
  constexpr int count = 500;
  constexpr std::chrono::milliseconds bound{500};
#else
  constexpr int count = 100; // with sanitizers
  constexpr std::chrono::milliseconds bound{5000};
#endif
  shm_dir dir; // not the disk is to be measured
  store_fixture f{dir.file("root")};
  for (int i = 0; i < count; ++i) {
    image_spec spec;
    for (int layer = 0; layer < 10; ++layer)
      spec.layers.push_back(std::to_string(layer < 5 ? layer : i * 10 + layer));
    f.put(spec, {"repo:" + std::to_string(i)});
  }
  f.close();
  auto begin = std::chrono::steady_clock::now();
  f.reopen();
  auto took = std::chrono::steady_clock::now() - begin;
  CHECK(f.catalog().images().size() == count);
  CHECK(f.store().warnings().empty());
  CHECK(took < bound);
}
