#include "actors/containers/shared_containers.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::containers;

namespace {

std::string id_of(const std::string& start) { return start + std::string(64 - start.size(), '0'); }

published_ptr moment(const std::string& id, const std::string& name, std::int64_t created = 0) {
  container::container_view view;
  view.id = id;
  view.name = name;
  view.created = {created, 0, 0};
  view.config = std::make_shared<container::container_config>();
  view.host_config = std::make_shared<container::host_config>();
  return std::make_shared<const published_container>(std::move(view));
}

struct two_containers {
  two_containers() {
    for (auto [id, name, created] :
         {std::tuple{id_of("ab1"), "/web", 1}, {id_of("ab2"), "/db", 2}}) {
      all.reserve(name, id).value();
      all.put(moment(id, name, created), nullptr);
    }
  }
  std::string found(std::string_view reference) const {
    auto one = all.find(reference);
    return one ? (*one)->view.name : one.error().message;
  }
  shared_containers all;
};

} // namespace

TEST_CASE("shared containers: found by id, by name with and without slash, and by prefix",
          "[actors][containers]") {
  two_containers c;
  CHECK(c.found(id_of("ab1")) == "/web");
  CHECK(c.found("web") == "/web");
  CHECK(c.found("/db") == "/db");
  CHECK(c.found("ab2") == "/db");
  CHECK(c.found("ab") == "multiple IDs found with provided prefix: ab");
  CHECK(c.found("abc") == "No such container: abc");
  CHECK(c.found("") == "No such container: ");
  CHECK(c.all.find("ab").error().kind == errc::invalid_parameter);
  CHECK(c.all.find("x").error().kind == errc::not_found);
}

TEST_CASE("shared containers: a name beats a prefix", "[actors][containers]") {
  two_containers c;
  c.all.reserve("/ab1", id_of("cd")).value();
  c.all.put(moment(id_of("cd"), "/ab1"), nullptr);
  CHECK(c.found("ab1") == "/ab1");
}

TEST_CASE("shared containers: a name is one container's until it is given back",
          "[actors][containers]") {
  two_containers c;
  auto refused = c.all.reserve("/web", id_of("ef"));
  REQUIRE(refused.has_error());
  CHECK(refused.error().kind == errc::conflict);
  CHECK(refused.error().message.find("is already in use by container \"" + id_of("ab1")) !=
        std::string::npos);
  c.all.release("/web", id_of("ef"));
  CHECK(c.all.reserve("/web", id_of("ef")).has_error());
  c.all.release("/web", id_of("ab1"));
  CHECK(c.all.reserve("/web", id_of("ef")).has_value());
}

TEST_CASE("shared containers: lists are newest first and stay as they were taken",
          "[actors][containers]") {
  two_containers c;
  auto before = c.all.all();
  REQUIRE(before->size() == 2);
  CHECK(before->front()->view.name == "/db");
  CHECK(c.all.all() == before);
  c.all.remove(id_of("ab2"));
  CHECK(before->size() == 2);
  CHECK(c.all.all()->size() == 1);
  c.all.renew(moment(id_of("ab2"), "/db"));
  CHECK(c.all.all()->size() == 1);
}
