#include "actors/containers/registry.hpp"
#include "actors/store/schema.hpp"
#include "actors/store/trash.hpp"
#include "actors/volumes/volume_store.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::containers;

namespace {

kept_container sample(const std::string& id, const std::string& name) {
  kept_container one;
  one.id = id;
  one.name = name;
  one.definition.created = {1'700'000'000, 5, 0};
  one.definition.path = "sh";
  one.definition.args = {"-c", "true"};
  one.definition.image_id = "sha256:" + std::string(64, 'a');
  one.definition.layers = {"sha256:" + std::string(64, 'b')};
  one.definition.config.image = "busybox";
  one.definition.host_config.auto_remove = true;
  one.life.state.status = container::container_status::running;
  one.life.restart_count = 3;
  one.life.stopped_by_hand = true;
  one.life.discards_volumes = true;
  return one;
}

struct registry_fixture {
  test::temp_dir dir;
  std::filesystem::path file = dir.path() + "/gantry.db";

  std::unique_ptr<registry> open() { return registry::open(file).value(); }
};

} // namespace

TEST_CASE("registry: what was added is there after a restart, as it was", "[actors][containers]") {
  registry_fixture f;
  auto one = sample("c1", "/web");
  f.open()->apply({add_container{one}, add_container{sample("c2", "/db")}}).value();
  auto kept = f.open()->load().value();
  REQUIRE(kept.containers.size() == 2);
  CHECK(kept.set_aside.empty());
  auto& back = kept.containers.front();
  CHECK(back.id == "c1");
  CHECK(back.name == "/web");
  CHECK(back.definition == one.definition);
  CHECK(back.life == one.life);
}

TEST_CASE("registry: changes, and what is forgotten", "[actors][containers]") {
  registry_fixture f;
  auto r = f.open();
  r->apply({add_container{sample("c1", "/web")}, add_container{sample("c2", "/db")}}).value();
  auto changed = sample("c1", "/web2").definition;
  changed.host_config.auto_remove = false;
  container::life_record life;
  life.state.exit_code = 7;
  r->apply(
       {change_definition{"c1", "/web2", changed}, change_life{"c1", life}, forget_container{"c2"}})
      .value();
  auto kept = r->load().value();
  REQUIRE(kept.containers.size() == 1);
  CHECK(kept.containers.front().name == "/web2");
  CHECK(kept.containers.front().definition == changed);
  CHECK(kept.containers.front().life == life);
}

TEST_CASE("registry: the volumes that were made for a container stay once it is kept",
          "[actors][containers]") {
  registry_fixture f;
  auto bin = std::make_shared<store::trash>(f.dir.file("trash"));
  auto volumes = [&] { return volumes::volume_store::open(f.dir.path(), bin).value(); };
  volumes()->add({{"v1", {}, {}, {}}}, {"c1", {"v1"}}).value();
  volumes()->add({{"v2", {}, {}, {}}}, {"c2", {"v2"}}).value();
  f.open()->apply({add_container{sample("c1", "/web")}}).value();
  auto left = volumes()->load().value().volumes;
  REQUIRE(left.size() == 1);
  CHECK(left.front().name == "v1");
}

TEST_CASE("registry: changes are made all or none", "[actors][containers]") {
  registry_fixture f;
  auto r = f.open();
  r->apply({add_container{sample("c1", "/web")}}).value();
  auto refused =
      r->apply({add_container{sample("c2", "/db")}, add_container{sample("c3", "/web")}});
  REQUIRE(refused.has_error());
  CHECK(r->load().value().containers.size() == 1);
}

TEST_CASE("registry: a row that makes no sense is set aside with a warning",
          "[actors][containers]") {
  registry_fixture f;
  f.open()
      ->apply({add_container{sample("c1", "/web")}, add_container{sample("c2", "/db")}})
      .value();
  auto db = store::open_metadata(f.file).value();
  db.execute("UPDATE containers SET definition = '{' WHERE id = 'c1'", "spoil").value();
  auto r = f.open();
  auto kept = r->load().value();
  REQUIRE(kept.containers.size() == 1);
  CHECK(kept.containers.front().id == "c2");
  REQUIRE(kept.set_aside.size() == 1);
  CHECK(kept.set_aside.front().find("container c1 is set aside: ") == 0);
  CHECK(r->load().value().set_aside.empty());
  CHECK(db.integer("SELECT count(*) FROM set_aside WHERE kind = 'container'", "count").value() ==
        1);
}
