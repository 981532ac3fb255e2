#include "actors/store/image_removal.hpp"

#include "tests/actors/store/catalog_builder.hpp"

using namespace gantry;
using namespace gantry::store;
using namespace gantry::test;

namespace {

using lines = std::vector<std::string>;

const oci::digest id_a = hex_digest("aaaaaaaaaaaaaaaa");
const oci::digest id_b = hex_digest("bbbbbbbbbbbbbbbb");
const oci::digest id_c = hex_digest("cccccccccccccccc");
const oci::digest id_d = hex_digest("dddddddddddddddd");
const std::string manifest = digest_of("m").str();

const image_user stopped_one{std::string(64, '1'), false};
const image_user running_one{std::string(64, '2'), true};

/// A catalog, its containers and its leases, on which one removal after the other is planned.
struct scene {
  /// The answer as lines `-NAME` (untagged) and `xID` (deleted, short), or the error.
  lines remove(const std::string& name, removal_options options = {}) {
    return run([&](removal_planner& planner) { return planner.remove(name, options); });
  }
  lines prune(const prune_filter& filter = {}) {
    return run([&](removal_planner& planner) -> result<void> {
      planner.prune(filter);
      return {};
    });
  }
  lines run(const std::function<result<void>(removal_planner&)>& act) {
    image_catalog catalog{b.content};
    removal_planner planner{catalog,
                            [this](const oci::digest& id) {
                              auto found = users.find(id);
                              return found == users.end() ? std::vector<image_user>{}
                                                          : found->second;
                            },
                            [this](const oci::digest& id) { return held.count(id) != 0; }};
    auto done = act(planner);
    plan = planner.plan();
    if (!done) {
      error = done.error();
      CHECK(plan.records.empty());
      CHECK(plan.events.empty());
      CHECK(plan.images.empty());
      return {done.error().message};
    }
    lines answer;
    for (const auto& record : plan.records)
      answer.push_back(record.what == removal_record::kind::untagged
                           ? '-' + record.name
                           : 'x' + std::string{oci::short_id(record.name)});
    return answer;
  }
  lines events() const {
    lines list;
    for (const auto& event : plan.events)
      list.push_back(event.action + ' ' + std::string{oci::short_id(event.id)});
    return list;
  }

  catalog_builder b;
  std::map<oci::digest, std::vector<image_user>> users;
  std::set<oci::digest> held;
  removal_plan plan;
  api_error error;
};

/// `x` and the short id of the chain of those layers.
std::string chain(const lines& layers) {
  std::vector<oci::digest> diffs;
  for (const auto& layer : layers)
    diffs.push_back(digest_of(layer));
  return 'x' + std::string{oci::chain_ids(diffs).back().short_id()};
}

const std::string xa = "xaaaaaaaaaaaa";
const std::string xb = "xbbbbbbbbbbbb";
const std::string xc = "xcccccccccccc";

} // namespace

TEST_CASE("image removal: the last name takes image and layers with it, top to bottom",
          "[actors][store]") {
  scene s;
  s.b.add(id_a, {"1", "2"}, {"bb"});
  auto expected = lines{"-bb:latest", xa, chain({"1", "2"}), chain({"1"})};
  CHECK(s.remove("bb") == expected);
  CHECK(s.events() == lines{"untag aaaaaaaaaaaa", "delete aaaaaaaaaaaa"});
  CHECK(s.plan.images == std::vector{id_a});
  CHECK(s.plan.references == std::vector{name_of("bb:latest")});
  CHECK(s.remove("aaaaaaa") == expected);
  CHECK(s.remove(id_a.str()) == expected);
  CHECK(s.events() == lines{"untag aaaaaaaaaaaa", "delete aaaaaaaaaaaa"});
}

TEST_CASE("image removal: one name of several is only taken away", "[actors][store]") {
  scene s;
  s.b.add(id_a, {"1"}, {"bb:1", "bb:2", "reg.io/x:1"});
  CHECK(s.remove("bb:1") == lines{"-bb:1"});
  CHECK(s.events() == lines{"untag aaaaaaaaaaaa"});
  CHECK(s.remove("bb:2", {.force = true}) == lines{"-bb:2"});
  CHECK(s.plan.images.empty());
}

TEST_CASE("image removal: a repository's last tag takes its digests along", "[actors][store]") {
  scene s;
  s.b.add(id_a, {"1"}, {"bb:1", "bb@" + manifest});
  CHECK(s.remove("bb:1") == lines{"-bb:1", "-bb@" + manifest, xa, chain({"1"})});
  CHECK(s.events() == lines{"untag aaaaaaaaaaaa", "delete aaaaaaaaaaaa"});
  CHECK(s.remove("bb@" + manifest) == lines{"-bb@" + manifest});
  // By id it is one reference: all of one repository.
  CHECK(s.remove("aaaa") == lines{"-bb:1", "-bb@" + manifest, xa, chain({"1"})});
  CHECK(s.events() == lines{"untag aaaaaaaaaaaa", "untag aaaaaaaaaaaa", "delete aaaaaaaaaaaa"});

  s.b.add(id_a, {"1"}, {"bb:1", "bb:2", "cc:1", "bb@" + manifest});
  CHECK(s.remove("bb:1") == lines{"-bb:1"});
  s.b.content.references.erase("docker.io/library/bb:2");
  CHECK(s.remove("bb:1") == lines{"-bb:1", "-bb@" + manifest});
}

TEST_CASE("image removal: by id several repositories are a conflict that force overcomes",
          "[actors][store]") {
  scene s;
  s.b.add(id_a, {"1"}, {"bb:1", "cc:1"});
  CHECK(s.remove("aaaa") ==
        lines{"conflict: unable to delete aaaaaaaaaaaa (must be forced) - image is referenced in "
              "multiple repositories"});
  CHECK(s.error.kind == errc::conflict);
  CHECK(s.remove("aaaa", {.force = true}) == lines{"-bb:1", "-cc:1", xa, chain({"1"})});
  // Two tags of one repository are not a single reference either.
  scene t;
  t.b.add(id_a, {}, {"bb:1", "bb:2"});
  CHECK_THAT(t.remove("aaaa")[0], Catch::Matchers::EndsWith("multiple repositories"));
  // Nor is the same digest in two repositories.
  scene u;
  u.b.add(id_a, {}, {"bb@" + manifest, "cc@" + manifest});
  CHECK_THAT(u.remove("aaaa")[0], Catch::Matchers::EndsWith("multiple repositories"));
}

TEST_CASE("image removal: the only name of an image in use is kept unless forced",
          "[actors][store]") {
  scene s;
  s.b.add(id_a, {"1"}, {"bb"});
  for (const auto& user : {stopped_one, running_one}) {
    s.users[id_a] = {user};
    CHECK(s.remove("bb") ==
          lines{"conflict: unable to remove repository reference \"bb\" (must force) - container " +
                user.container.substr(0, 12) + " is using its referenced image aaaaaaaaaaaa"});
    CHECK(s.error.kind == errc::conflict);
  }
  // Force takes the name; a running container keeps the image then, a stopped one does not.
  CHECK(s.remove("bb", {.force = true}) == lines{"-bb:latest"});
  CHECK(s.plan.images.empty());
  s.users[id_a] = {stopped_one};
  CHECK(s.remove("bb", {.force = true}) == lines{"-bb:latest", xa, chain({"1"})});
}

TEST_CASE("image removal: one of two names of an image in use is taken away", "[actors][store]") {
  scene s;
  s.b.add(id_a, {"1"}, {"bb:1", "bb:2"});
  s.users[id_a] = {running_one};
  CHECK(s.remove("bb:1") == lines{"-bb:1"});
}

TEST_CASE("image removal: by id containers are conflicts", "[actors][store]") {
  scene s;
  s.b.add(id_a, {"1"}, {"bb"});
  s.users[id_a] = {stopped_one};
  CHECK(s.remove("aaaa") ==
        lines{"conflict: unable to delete aaaaaaaaaaaa (must be forced) - image "
              "is being used by stopped container 111111111111"});
  CHECK(s.remove("aaaa", {.force = true}) == lines{"-bb:latest", xa, chain({"1"})});
  s.users[id_a] = {stopped_one, running_one};
  for (bool force : {false, true})
    CHECK(s.remove("aaaa", {.force = force}) ==
          lines{"conflict: unable to delete aaaaaaaaaaaa (cannot be forced) - image is being used "
                "by running container 222222222222"});
  // Without a name the same.
  scene t;
  t.b.add(id_a, {"1"});
  t.users[id_a] = {stopped_one};
  CHECK_THAT(t.remove("aaaa")[0], Catch::Matchers::Contains("stopped container 111111111111"));
}

TEST_CASE("image removal: images that others are built on stay", "[actors][store]") {
  scene s;
  s.b.add(id_a, {"1"}, {"base"});
  s.b.add(id_b, {"1", "2"}, {"app"}, id_a);
  for (bool force : {false, true}) {
    CHECK(s.remove("aaaa", {.force = force}) ==
          lines{"conflict: unable to delete aaaaaaaaaaaa (cannot be forced) - image has dependent "
                "child images"});
    // The name goes all the same, and quietly.
    CHECK(s.remove("base", {.force = force}) == lines{"-base:latest"});
  }
}

TEST_CASE("image removal: nameless parents go too unless they are to stay", "[actors][store]") {
  scene s;
  s.b.add(id_a, {"1"}, {"base"});
  s.b.add(id_b, {"1", "2"}, {}, id_a);
  s.b.add(id_c, {"1", "2", "3"}, {"app"}, id_b);
  CHECK(s.remove("app") == lines{"-app:latest", xc, chain({"1", "2", "3"}), xb, chain({"1", "2"})});
  CHECK(s.events() == lines{"untag cccccccccccc", "delete cccccccccccc", "delete bbbbbbbbbbbb"});
  CHECK(s.remove("app", {.no_prune = true}) == lines{"-app:latest", xc, chain({"1", "2", "3"})});

  // A parent that a container uses, or that has another child, stays.
  s.users[id_b] = {stopped_one};
  CHECK(s.remove("app", {.force = true}) == lines{"-app:latest", xc, chain({"1", "2", "3"})});
  s.users.clear();
  s.b.add(id_d, {"1", "2"}, {"other"}, id_b);
  CHECK(s.remove("app") == lines{"-app:latest", xc, chain({"1", "2", "3"})});
}

TEST_CASE("image removal: shared and held layers are not said to be deleted", "[actors][store]") {
  scene s;
  s.b.add(id_a, {"1", "2", "3"}, {"a"});
  s.b.add(id_b, {"1"}, {"b"});
  CHECK(s.remove("a") == lines{"-a:latest", xa, chain({"1", "2", "3"}), chain({"1", "2"})});
  s.held = {digest_of("2")};
  CHECK(s.remove("a") == lines{"-a:latest", xa, chain({"1", "2", "3"})});
}

TEST_CASE("image removal: untag events carry labels, delete events do not", "[actors][store]") {
  scene s;
  auto& config = s.b.add(id_a, {}, {"a"});
  config.config.emplace();
  config.config->labels = std::map<std::string, std::string>{{"k", "v"}};
  s.remove("a");
  CHECK(s.plan.events ==
        std::vector<image_event>{{"untag", id_a.str(), {{"k", "v"}, {"name", id_a.str()}}},
                                 {"delete", id_a.str(), {{"name", id_a.str()}}}});
}

TEST_CASE("image removal: names that lead nowhere", "[actors][store]") {
  scene s;
  s.b.add(id_a, {}, {"a"});
  CHECK(s.remove(" ") == lines{"image name cannot be blank"});
  CHECK(s.error.kind == errc::invalid_parameter);
  CHECK(s.remove("") == lines{"image name cannot be blank"});
  CHECK(s.remove("nosuch", {.force = true}) == lines{"No such image: nosuch:latest"});
  CHECK(s.error.kind == errc::not_found);
  CHECK(s.remove("a b") == lines{"invalid reference format"});
}

TEST_CASE("image removal: a name that is also the front of the id is the name", "[actors][store]") {
  scene s;
  s.b.add(id_a, {}, {"aaaa", "other"});
  CHECK(s.remove("aaaa") == lines{"-aaaa:latest"});
}

TEST_CASE("image removal: a second removal sees what the first one did", "[actors][store]") {
  scene s;
  s.b.add(id_a, {"1"}, {"a:1", "a:2"});
  auto answer = s.run([](removal_planner& planner) -> result<void> {
    REQUIRE(planner.remove("a:1", {}));
    auto again = planner.remove("a:1", {});
    REQUIRE_FALSE(again);
    CHECK(again.error() == api_error{errc::not_found, "No such image: a:1"});
    REQUIRE(planner.remove("a:2", {}));
    CHECK_FALSE(planner.remove("aaaa", {}));
    return {};
  });
  CHECK(answer == lines{"-a:1", "-a:2", xa, chain({"1"})});
}

TEST_CASE("image prune: takes what has no tag and no child", "[actors][store]") {
  scene s;
  s.b.add(id_a, {"1"}, {"kept"});
  s.b.add(id_b, {"1", "2"}, {}, id_a);
  s.b.add(id_c, {"3"}, {"pulled@" + manifest});
  CHECK(s.prune() == lines{xb, chain({"1", "2"}), "-pulled@" + manifest, xc, chain({"3"})});
  CHECK(s.events() == lines{"delete bbbbbbbbbbbb", "untag cccccccccccc", "delete cccccccccccc"});
}

TEST_CASE("image prune: takes all that is not in use, in whole families", "[actors][store]") {
  scene s;
  s.b.add(id_a, {"1"}, {"used:1", "used:2"});
  s.users[id_a] = {stopped_one};
  s.b.add(id_b, {"2"});
  s.b.add(id_c, {"2", "3"}, {"app:1", "app:2", "app@" + manifest}, id_b);
  CHECK(s.prune({.dangling = false}) ==
        lines{"-app:1", "-app:2", "-app@" + manifest, xc, chain({"2", "3"}), xb, chain({"2"})});
  // Nothing is taken from an image in use, not even one of its names.
  CHECK(std::count(s.plan.images.begin(), s.plan.images.end(), id_a) == 0);
  s.users[id_c] = {running_one};
  CHECK(s.prune({.dangling = false}).empty());
}

TEST_CASE("image prune: filters", "[actors][store]") {
  scene s;
  auto label = [](oci::image_config& config, std::map<std::string, std::string> labels) {
    config.config.emplace();
    config.config->labels = std::move(labels);
  };
  auto& a = s.b.add(id_a, {});
  a.created = oci::parse_instant("2024-01-01T00:00:00Z").value();
  label(a, {{"keep", "yes"}, {"stage", "1"}});
  auto& b = s.b.add(id_b, {});
  b.created = oci::parse_instant("2024-01-02T00:00:00Z").value();
  label(b, {{"stage", "1"}});
  auto& c = s.b.add(id_c, {});
  c.created.reset();
  CHECK(s.prune({.until = oci::parse_instant("2024-01-01T00:00:00Z").value()}) == lines{xa});
  CHECK(s.prune({.labels = {"stage=1"}}) == lines{xb, xa});
  CHECK(s.prune({.labels = {"stage=1", "keep"}}) == lines{xa});
  CHECK(s.prune({.not_labels = {"keep"}}) == lines{xb, xc});
  CHECK(s.prune({.not_labels = {"keep", "nothing"}}) == lines{xb, xa, xc});
  CHECK(s.prune({.labels = {"stage"}, .not_labels = {"keep=yes"}}) == lines{xb});
}

TEST_CASE("image removal: a family of thousands goes in one piece", "[actors][store]") {
  scene s;
  oci::digest parent;
  for (int i = 0; i < 3000; ++i) {
    auto id = digest_of("image" + std::to_string(i));
    s.b.add(id, {}, i == 2999 ? lines{"last"} : lines{}, parent);
    parent = id;
  }
  CHECK(s.remove("last").size() == 3001);
}
