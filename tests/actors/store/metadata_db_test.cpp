#include "actors/store/metadata_db.hpp"

#include "tests/actors/store/store_fixture.hpp"

using namespace gantry;
using namespace gantry::store;
using namespace gantry::test;
using Catch::Matchers::Contains;

namespace {

/// A database in a fresh directory.
struct db_fixture {
  metadata_db open() {
    auto db = metadata_db::open(file);
    REQUIRE(db);
    return std::move(*db);
  }
  /// Runs statements behind its back.
  void spoil(const char* sql) {
    auto raw = sqlite::database::open(file, 0x476e7479);
    REQUIRE(raw);
    REQUIRE(raw->execute("PRAGMA foreign_keys = OFF", "spoil"));
    REQUIRE(raw->execute(sql, "spoil"));
  }
  std::int64_t count(const char* sql) {
    return sqlite::database::open(file, 0x476e7479).value().integer(sql, "count").value();
  }
  /// Two images, the second built on the first, with two names.
  void fill() {
    auto db = open();
    auto change = db.change("fill");
    REQUIRE(change);
    REQUIRE(db.add_layer(layer_of("base", 10)));
    REQUIRE(db.add_layer(layer_of("top", 20)));
    REQUIRE(db.add_image(first, config));
    REQUIRE(db.add_image(second, config));
    REQUIRE(db.set_reference(name_of("a:1"), first.id));
    REQUIRE(db.set_reference(name_of("b@" + digest_of("m").str()), second.id));
    REQUIRE(change->commit());
  }

  temp_dir dir;
  std::string file = dir.file("gantry.db");
  oci::image_config config;
  image_row first{
      digest_of("first"), {}, {digest_of("base")}, {}, timestamp{std::chrono::seconds{5}}};
  image_row second{digest_of("second"),
                   first.id,
                   {digest_of("base"), digest_of("top"), digest_of("base")},
                   timestamp{std::chrono::nanoseconds{1'700'000'000'123'456'789}},
                   timestamp{std::chrono::seconds{6}}};
};

template <class T>
std::vector<T> sorted(std::vector<T> list, auto key) {
  std::sort(list.begin(), list.end(), [&](const T& a, const T& b) { return key(a) < key(b); });
  return list;
}

} // namespace

TEST_CASE("metadata db: what was committed is read back by the next", "[actors][store]") {
  db_fixture f;
  f.fill();
  auto rows = f.open().load();
  REQUIRE(rows);
  CHECK(rows->set_aside.empty());
  CHECK(rows->images == sorted(std::vector{f.first, f.second}, [](auto& i) { return i.id; }));
  CHECK(rows->layers == sorted(std::vector{layer_of("base", 10), layer_of("top", 20)},
                               [](auto& l) { return l.diff_id; }));
  CHECK(rows->references ==
        std::vector<reference_row>{{name_of("a:1"), f.first.id},
                                   {name_of("b@" + digest_of("m").str()), f.second.id}});
}

TEST_CASE("metadata db: what was not committed is not there", "[actors][store]") {
  db_fixture f;
  {
    auto db = f.open();
    auto change = db.change("fill");
    REQUIRE(db.add_layer(layer_of("base")));
  }
  CHECK(f.open().load()->layers.empty());
}

TEST_CASE("metadata db: a name moves from image to image", "[actors][store]") {
  db_fixture f;
  f.fill();
  auto db = f.open();
  {
    auto change = db.change("tag");
    REQUIRE(db.set_reference(name_of("a:1"), f.second.id));
    REQUIRE(db.set_tagged(f.first.id, timestamp{std::chrono::seconds{9}}));
    REQUIRE(change->commit());
  }
  auto rows = db.load();
  CHECK(rows->references[0] == reference_row{name_of("a:1"), f.second.id});
  auto first = std::find_if(rows->images.begin(), rows->images.end(),
                            [&](auto& i) { return i.id == f.first.id; });
  CHECK(first->tagged == timestamp{std::chrono::seconds{9}});
}

TEST_CASE("metadata db: an image takes its names with it, and its children lose the parent",
          "[actors][store]") {
  db_fixture f;
  f.fill();
  auto db = f.open();
  {
    auto change = db.change("remove");
    REQUIRE(db.remove_image(f.first.id));
    REQUIRE(change->commit());
  }
  auto rows = db.load();
  REQUIRE(rows->images.size() == 1);
  CHECK(rows->images[0].parent.empty());
  CHECK(rows->references.size() == 1);
}

TEST_CASE("metadata db: a layer that an image has cannot be forgotten", "[actors][store]") {
  db_fixture f;
  f.fill();
  auto db = f.open();
  auto change = db.change("remove");
  CHECK_THAT(db.remove_layer(digest_of("base")).error().message,
             Contains("remove the layer: FOREIGN KEY constraint failed"));
  CHECK_FALSE(db.add_image({digest_of("third"), {}, {digest_of("unknown")}, {}, {}}, f.config));
}

TEST_CASE("metadata db: a newer database is refused and left as it is", "[actors][store]") {
  db_fixture f;
  f.fill();
  f.spoil("PRAGMA user_version = 9");
  auto refused = metadata_db::open(f.file);
  REQUIRE_FALSE(refused);
  CHECK(refused.error() ==
        api_error{errc::conflict, "database '" + f.file +
                                      "' was made by a newer version (schema 9, known up to 3)"});
  CHECK(f.count("PRAGMA user_version") == 9);
  CHECK(f.count("SELECT count(*) FROM images") == 2);
}

TEST_CASE("metadata db: what an earlier version has kept is there after its schema was renewed",
          "[actors][store]") {
  db_fixture f;
  f.fill();
  f.spoil("DROP INDEX volumes_by_made_for;"
          "ALTER TABLE volumes DROP COLUMN made_for;"
          "ALTER TABLE containers DROP COLUMN discards_volumes;"
          "INSERT INTO volumes(name, created, definition) VALUES('v1', 5, '{}');"
          "PRAGMA user_version = 2");
  REQUIRE(metadata_db::open(f.file));
  CHECK(f.count("PRAGMA user_version") == 3);
  CHECK(f.count("SELECT count(*) FROM images") == 2);
  CHECK(f.count("SELECT count(*) FROM volumes WHERE made_for IS NULL") == 1);
}

TEST_CASE("metadata db: rows that make no sense are set aside with what hangs on them",
          "[actors][store]") {
  db_fixture f;
  f.fill();
  struct {
    const char* damage;
    std::size_t images, layers, references;
    std::string warning;
  } const cases[] = {
      {"UPDATE images SET id = 'sha256:xyz' WHERE parent IS NULL", 1, 2, 1,
       "image 'sha256:xyz' set aside: invalid checksum digest length"},
      {"UPDATE images SET id = 'sha256:abc' WHERE parent IS NOT NULL", 1, 2, 1,
       "image 'sha256:abc' set aside: invalid checksum digest length"},
      {"UPDATE layers SET driver = '../..' WHERE size = 20", 1, 1, 1,
       "its driver or sizes are not possible"},
      {"UPDATE layers SET driver = ''", 0, 0, 0, "its driver or sizes are not possible"},
      {"UPDATE layers SET tar_size = -1 WHERE size = 10", 0, 1, 0,
       "image '" + f.first.id.str() + "' set aside: one of its layers cannot be read"},
      {"UPDATE layers SET diff_id = 'nonsense' WHERE size = 20", 1, 1, 1,
       "layer 'nonsense' set aside: "},
      {"DELETE FROM image_layers WHERE position = 1", 1, 2, 1,
       "image '" + f.second.id.str() + "' set aside: its layers are not numbered in order"},
      {"UPDATE image_references SET name = 'a:1' WHERE name LIKE '%a:1'", 2, 2, 1,
       "reference 'a:1' set aside: not a full name"},
      {"UPDATE image_references SET name = 'docker.io/library/a' WHERE name LIKE '%a:1'", 2, 2, 1,
       "reference 'docker.io/library/a' set aside: not a full name"},
      {"UPDATE image_references SET name = 'A B' WHERE name LIKE '%a:1'", 2, 2, 1,
       "reference 'A B' set aside: invalid reference format"},
  };
  for (const auto& c : cases) {
    INFO(c.damage);
    std::filesystem::copy_file(f.file, f.file + ".good");
    f.spoil(c.damage);
    auto rows = f.open().load();
    REQUIRE(rows);
    CHECK(rows->images.size() == c.images);
    CHECK(rows->layers.size() == c.layers);
    CHECK(rows->references.size() == c.references);
    std::string all;
    for (const auto& warning : rows->set_aside)
      all += warning + '\n';
    CHECK_THAT(all, Contains(c.warning));
    CHECK(f.count("SELECT count(*) FROM set_aside") ==
          static_cast<std::int64_t>(rows->set_aside.size()));
    auto again = f.open().load();
    REQUIRE(again);
    CHECK(again->set_aside.empty());
    CHECK(again->images == rows->images);
    CHECK(f.count("SELECT count(*) FROM pragma_foreign_key_check()") == 0);
    std::filesystem::rename(f.file + ".good", f.file);
  }
}

TEST_CASE("metadata db: an image that is set aside can be looked up by a person",
          "[actors][store]") {
  db_fixture f;
  f.fill();
  {
    auto db = f.open();
    auto change = db.change("set aside");
    REQUIRE(db.set_aside_image(f.second.id, "its layer is gone"));
    REQUIRE(change->commit());
    CHECK(db.load()->images.size() == 1);
  }
  auto raw = sqlite::database::open(f.file, 0x476e7479).value();
  auto query = raw.prepare("SELECT kind, name, content, reason FROM set_aside", "look").value();
  REQUIRE(query.step().value());
  CHECK(query.text(0) == "image");
  CHECK(query.text(1) == f.second.id.str());
  CHECK(query.text(2) == "references: docker.io/library/b@" + digest_of("m").str() + ", parent: " +
                             f.first.id.str() + ", layers: " + digest_of("base").str() + ' ' +
                             digest_of("top").str() + ' ' + digest_of("base").str());
  CHECK(query.text(3) == "its layer is gone");
}
