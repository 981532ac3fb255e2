#include "actors/store/image_catalog.hpp"

#include "tests/actors/store/catalog_builder.hpp"

using namespace gantry;
using namespace gantry::store;
using namespace gantry::test;

namespace {

const oci::digest id_a = hex_digest("aa11");
const oci::digest id_b = hex_digest("aa22");
const oci::digest id_c = hex_digest("cafe");

std::string what(const result<found_image>& found) {
  return found ? found->what->id().str() : found.error().message;
}

} // namespace

TEST_CASE("image catalog: names are resolved as dockerd does", "[actors][store]") {
  catalog_builder b;
  b.add(id_a, {}, {"busybox:latest", "localhost:5000/x/y:1"});
  b.add(id_b, {}, {"busybox:1", "busybox@" + digest_of("manifest").str()});
  b.add(id_c, {}, {"aa1:latest"});
  image_catalog catalog{b.content};
  struct {
    std::string name;
    std::string expected;
  } const cases[] = {
      {"busybox", id_a.str()},
      {"busybox:latest", id_a.str()},
      {"docker.io/library/busybox", id_a.str()},
      {"index.docker.io/library/busybox", id_a.str()},
      {"library/busybox", id_a.str()},
      {"busybox:1", id_b.str()},
      {"busybox@" + digest_of("manifest").str(), id_b.str()},
      {"busybox:other@" + digest_of("manifest").str(), id_b.str()},
      {"localhost:5000/x/y:1", id_a.str()},
      {id_b.str(), id_b.str()},
      {std::string{id_b.hex()}, id_b.str()},
      {"aa2", id_b.str()},
      {"sha256:aa2", id_b.str()},
      {"c", id_c.str()},
      {"aa1", id_c.str()}, // a name goes before the front of an id
      {"aa11", id_a.str()},
      // dockerd 20.10 says the same of a front that several ids have
      {"aa", "No such image: aa:latest"},
      {"sha256:aa", "No such image: sha256:aa"},
      {"nosuch", "No such image: nosuch:latest"},
      {"busybox:2", "No such image: busybox:2"},
      {"localhost:5000/x/y", "No such image: localhost:5000/x/y:latest"},
      {"busybox@" + digest_of("x").str(), "No such image: busybox@" + digest_of("x").str()},
      {digest_of("x").str(), "No such image: " + digest_of("x").str()},
      {std::string{digest_of("x").hex()}, "No such image: " + digest_of("x").str()},
      {"AA11", "invalid reference format: repository name (library/AA11) must be lowercase"},
      {"a b", "invalid reference format"},
      {"", "invalid reference format"},
  };
  for (const auto& c : cases) {
    INFO(c.name);
    CHECK(what(catalog.resolve(c.name)) == c.expected);
  }
  CHECK(catalog.resolve("nosuch").error().kind == errc::not_found);
  CHECK(catalog.resolve("a b").error().kind == errc::invalid_parameter);
  CHECK(catalog.resolve("busybox")->name->str() == "docker.io/library/busybox:latest");
  CHECK_FALSE(catalog.resolve("aa2")->name);
  CHECK_FALSE(catalog.resolve(id_a.str())->name);
}

TEST_CASE("image catalog: an empty one knows nothing", "[actors][store]") {
  image_catalog catalog;
  CHECK(catalog.images().empty());
  CHECK(catalog.find(id_a) == nullptr);
  CHECK(catalog.layers_size() == 0);
  CHECK(what(catalog.resolve("a")) == "No such image: a:latest");
}

TEST_CASE("image catalog: sizes count each layer as often as dockerd, own ones once",
          "[actors][store]") {
  catalog_builder b;
  b.layer("base", 1000);
  b.layer("x", 20);
  b.layer("y", 3);
  b.add(id_a, {"base", "x", "x"});
  b.add(id_b, {"base", "y"});
  b.add(id_c, {});
  image_catalog catalog{b.content};
  CHECK(catalog.find(id_a)->size == 1040);
  CHECK(catalog.find(id_a)->own_size == 20);
  CHECK(catalog.find(id_b)->size == 1003);
  CHECK(catalog.find(id_b)->own_size == 3);
  CHECK(catalog.find(id_c)->size == 0);
  CHECK(catalog.layers_size() == 1023);
  CHECK(catalog.find(id_a)->facts->layers[1]->size == 20);
}

TEST_CASE("image catalog: references are in order, children are known", "[actors][store]") {
  catalog_builder b;
  b.add(id_a, {}, {"z:1", "a:2", "quay.io/a:1", "a:1"});
  b.add(id_b, {}, {}, id_a);
  b.add(id_c, {}, {"c@" + digest_of("m").str()}, digest_of("gone"));
  image_catalog catalog{b.content};
  std::vector<std::string> names;
  for (const auto& name : catalog.find(id_a)->references)
    names.push_back(name.familiar());
  CHECK(names == std::vector<std::string>{"a:1", "a:2", "z:1", "quay.io/a:1"});
  CHECK(catalog.find(id_a)->children == std::vector{id_b});
  CHECK(catalog.find(id_b)->children.empty());
  CHECK(catalog.find(id_a)->has_tag());
  CHECK_FALSE(catalog.find(id_b)->has_tag());
  CHECK_FALSE(catalog.find(id_c)->has_tag());
}

TEST_CASE("image catalog: names are kept with tag or digest, never with both", "[actors][store]") {
  auto kept = [](const std::string& text) {
    return kept_form(oci::parse_reference(text).value()).familiar();
  };
  auto digest = digest_of("m").str();
  CHECK(kept("a") == "a:latest");
  CHECK(kept("a:1") == "a:1");
  CHECK(kept("a@" + digest) == "a@" + digest);
  CHECK(kept("a:1@" + digest) == "a@" + digest);
}

TEST_CASE("image catalog: whether a tar of that size may be a layer", "[actors][store]") {
  CHECK_FALSE(image_catalog{}.has_layer_of(0));
  catalog_builder b;
  b.add(id_a, {"one", "two"});
  b.add(id_b, {});
  const image_catalog catalog{b.content};
  const auto size = catalog.find(id_a)->facts->layers[1]->tar_size;
  CHECK(catalog.has_layer_of(size));
  CHECK_FALSE(catalog.has_layer_of(size + 1));
}
