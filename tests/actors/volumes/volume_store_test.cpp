#include "actors/volumes/volume_store.hpp"

#include "actors/host/mounts.hpp"
#include "actors/store/schema.hpp"
#include "actors/store/trash.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>
#include <sys/stat.h>

using namespace gantry;
using namespace gantry::volumes;
namespace fs = std::filesystem;

namespace {

volume::volume_record sample(const std::string& name) {
  return {name, {1'700'000'000, 5, 0}, container::string_map{{"k", "v"}}, {}};
}

/// A data root; its store can be opened again and again.
struct store_place {
  store_place() { fs::create_directories(dir.file("trash")); }
  ~store_place() {
    for (const auto& name : names_of_volumes())
      static_cast<void>(host::detach_mounts(where.data(name)));
  }

  std::unique_ptr<volume_store> open() { return volume_store::open(dir.path(), bin).value(); }
  volume_store::content load() { return open()->load().value(); }
  std::vector<std::string> loaded_names() {
    std::vector<std::string> names;
    for (const auto& one : load().volumes)
      names.push_back(one.name);
    return names;
  }
  std::vector<std::string> names_of_volumes() const { return names_in("volumes"); }
  std::vector<std::string> names_in(const std::string& directory) const {
    std::vector<std::string> names;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator{dir.file(directory), failed})
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  /// What is left when the process dies between the rename and the commit of a removal, or after
  /// it.
  void begin_removal(const std::string& name) const {
    fs::rename(where.data(name), where.removed(name));
  }
  void forget_row(const std::string& name) const {
    auto db = store::open_metadata(dir.file("gantry.db")).value();
    db.execute(("DELETE FROM volumes WHERE name = '" + name + "'").c_str(), "forget").value();
  }
  /// Nothing is warned of and nothing changes any more.
  void check_settled() {
    const auto before = names_of_volumes();
    CHECK(load().warnings.empty());
    CHECK(names_of_volumes() == before);
  }

  test::temp_dir dir;
  volume_paths where{dir.path()};
  std::shared_ptr<store::trash> bin = std::make_shared<store::trash>(dir.file("trash"));
};

using names = std::vector<std::string>;

} // namespace

TEST_CASE("volume store: what was added is there after a restart, as it was", "[actors][volumes]") {
  store_place p;
  auto options = sample("b1");
  options.options = container::string_map{{"type", "tmpfs"}, {"device", "tmpfs"}};
  p.open()->add({sample("v1"), options}).value();
  auto back = p.load();
  CHECK(back.volumes == std::vector{sample("v1"), options});
  CHECK(back.warnings.empty());
  struct stat facts {};
  REQUIRE(::stat(p.where.data("v1").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777) == 0755);
  REQUIRE(::stat(p.where.directory("v1").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777) == 0701);
}

TEST_CASE("volume store: all are added or none", "[actors][volumes]") {
  store_place p;
  auto store = p.open();
  store->add({sample("v1")}).value();
  CHECK(store->add({sample("v2"), sample("v1")}).has_error());
  CHECK(p.names_of_volumes() == names{"v1"});
  p.dir.write("volumes/v3", "in the way");
  CHECK(store->add({sample("v2"), sample("v3")}).has_error());
  CHECK(p.names_of_volumes() == names{"v1", "v3"});
  CHECK(p.loaded_names() == names{"v1"});
}

TEST_CASE(
    "volume store: what was made for a container that has not come to be goes at the next start",
    "[actors][volumes]") {
  store_place p;
  p.open()->add({sample("named"), sample("lost")}, {"c1", {"lost"}}).value();
  p.dir.write("volumes/lost/_data/file", "x");
  CHECK(p.loaded_names() == names{"named"});
  CHECK(p.names_of_volumes() == names{"named"});
  p.check_settled();
}

TEST_CASE("volume store: what is removed goes to the trash with its files", "[actors][volumes]") {
  store_place p;
  auto store = p.open();
  store->add({sample("v1"), sample("v2")}).value();
  p.dir.write("volumes/v1/_data/file", "x");
  store->remove("v1").value();
  CHECK(p.names_of_volumes() == names{"v2"});
  CHECK(p.names_in("trash").size() == 1);
  CHECK(p.loaded_names() == names{"v2"});
  p.check_settled();
}

TEST_CASE("volume store: without a trash beside it is deleted in place", "[actors][volumes]") {
  store_place p;
  auto store = p.open();
  store->add({sample("v1")}).value();
  p.dir.write("volumes/v1/_data/a/file", "x");
  fs::remove(p.dir.file("trash"));
  store->remove("v1").value();
  CHECK(p.names_of_volumes().empty());
}

TEST_CASE("volume store: what is mounted on a volume is not deleted with it",
          "[actors][volumes][root]") {
  store_place p;
  auto store = p.open();
  store->add({sample("v1")}).value();
  p.dir.write("mine/file", "x");
  REQUIRE(::mount(p.dir.file("mine").c_str(), p.where.data("v1").c_str(), nullptr, MS_BIND,
                  nullptr) == 0);
  store->remove("v1").value();
  CHECK(p.dir.read("mine/file") == "x");
  CHECK(p.names_of_volumes().empty());
  const auto trashed = p.names_in("trash");
  REQUIRE(trashed.size() == 1);
  CHECK_FALSE(p.dir.has("trash/" + trashed.front() + "/_removed/file"));
}

TEST_CASE("volume store: crash before a new volume has its record: nothing is left",
          "[actors][volumes]") {
  store_place p;
  p.open()->add({sample("v1")}).value();
  SECTION("one directory") { fs::create_directories(p.where.directory("half")); }
  SECTION("both") { fs::create_directories(p.where.data("half")); }
  auto back = p.load();
  CHECK(back.volumes == std::vector{sample("v1")});
  CHECK(back.warnings.empty());
  CHECK(p.names_of_volumes() == names{"v1"});
  p.check_settled();
}

TEST_CASE("volume store: crash before a removal is committed: the volume is whole",
          "[actors][volumes]") {
  store_place p;
  p.open()->add({sample("v1")}).value();
  p.dir.write("volumes/v1/_data/file", "x");
  p.begin_removal("v1");
  auto back = p.load();
  CHECK(back.volumes == std::vector{sample("v1")});
  CHECK(back.warnings.empty());
  CHECK(p.dir.read("volumes/v1/_data/file") == "x");
  p.check_settled();
}

TEST_CASE("volume store: crash after a removal is committed: nothing is left",
          "[actors][volumes]") {
  store_place p;
  p.open()->add({sample("v1")}).value();
  p.dir.write("volumes/v1/_data/file", "x");
  p.begin_removal("v1");
  p.forget_row("v1");
  CHECK(p.loaded_names().empty());
  CHECK(p.names_of_volumes().empty());
  CHECK(p.names_in("trash").size() == 1);
  p.check_settled();
}

TEST_CASE("volume store: files without a record are somebody's, and become a volume",
          "[actors][volumes]") {
  store_place p;
  p.open()->add({sample("v1")}).value();
  p.dir.write("volumes/v1/_data/file", "x");
  p.forget_row("v1");
  auto back = p.load();
  REQUIRE(back.volumes.size() == 1);
  CHECK(back.volumes.front().name == "v1");
  CHECK_FALSE(back.volumes.front().labels);
  CHECK(back.warnings == names{"volume v1 had files but no record: it has one now"});
  CHECK(p.dir.read("volumes/v1/_data/file") == "x");
  p.check_settled();
}

TEST_CASE("volume store: what is no volume is left alone", "[actors][volumes]") {
  store_place p;
  p.open();
  p.dir.write("volumes/metadata.db", "x");
  p.dir.write("volumes/a b/_data/file", "x");
  p.dir.write("volumes/other/file", "x");
  auto back = p.load();
  CHECK(back.volumes.empty());
  CHECK(back.warnings.size() == 3);
  CHECK(p.names_of_volumes() == names{"a b", "metadata.db", "other"});
}

TEST_CASE("volume store: a record without a directory gets an empty one", "[actors][volumes]") {
  store_place p;
  p.open()->add({sample("v1")}).value();
  fs::remove_all(p.where.directory("v1"));
  auto back = p.load();
  CHECK(back.volumes == std::vector{sample("v1")});
  CHECK(back.warnings == names{"the directory of volume v1 was missing: it is empty now"});
  p.check_settled();
}

TEST_CASE("volume store: a row that makes no sense is set aside, its files stay",
          "[actors][volumes]") {
  store_place p;
  p.open()->add({sample("v1"), sample("v2")}).value();
  p.dir.write("volumes/v1/_data/file", "x");
  auto db = store::open_metadata(p.dir.file("gantry.db")).value();
  db.execute("UPDATE volumes SET definition = '{' WHERE name = 'v1'", "spoil").value();
  auto back = p.load();
  CHECK(back.volumes.size() == 2);
  REQUIRE(back.warnings.size() == 2);
  CHECK(back.warnings.front().starts_with("volume v1 is set aside: "));
  CHECK(p.dir.read("volumes/v1/_data/file") == "x");
  CHECK(db.integer("SELECT count(*) FROM set_aside WHERE kind = 'volume'", "count").value() == 1);
}
